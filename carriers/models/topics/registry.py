"""The topics of each model, in the order in which pages and documents have them.

From here follow the fieldsets of the pages and the mappings of the carriers document.
"""

from __future__ import annotations

from carriers.models.topics.backups import BackupFields, explain_backups
from carriers.models.topics.failover import FailoverFields, explain_failover
from carriers.models.topics.host_names import HostNameFields, explain_host_names
from carriers.models.topics.identity import (
    IdentityFields,
    PBXIdentityFields,
    explain_identity,
    identity_errors,
)
from carriers.models.topics.numbers import (
    NumberFields,
    NumberPlanFields,
    explain_numbers,
    explain_plan,
    number_errors,
    plan_errors,
)
from carriers.models.topics.sockets import SocketFields, explain_socket
from carriers.models.topics.tls import TlsFields, explain_tls, tls_errors
from carriers.models.topics.topic import Topic

GROUP_TOPICS: tuple[Topic, ...] = (
    Topic("identity", "Identity", IdentityFields, explain_identity, identity_errors),
    Topic("numbers", "Numbers", NumberFields, explain_numbers, number_errors),
    Topic("failover", "Failover", FailoverFields, explain_failover),
    Topic("host_names", "Host names", HostNameFields, explain_host_names),
    Topic("connection", "Connection", SocketFields, explain_socket),
    Topic("tls", "TLS", TlsFields, explain_tls, tls_errors),
)
PBX_TOPICS: tuple[Topic, ...] = (
    Topic("number_plan", "Number plan", NumberPlanFields, explain_plan, plan_errors),
    Topic("identity", "Identity", PBXIdentityFields),
    Topic("backups", "Backup addresses", BackupFields, explain_backups),
    Topic("connection", "Connection", SocketFields, explain_socket),
)
