"""The registry: one file per Kamailio module. Plan, apply, status and drift loop over ``selected_modules``.

No other room imports one of these modules or asks for it by name: each declares its differences by an attribute or a
method of ``KamailioModule``. To support another module, add its file and a line here, the models of its tables in
``tables.models``, and its name to those that ``KAMAILIO_MODULES`` may have, because settings can't import models
(docs/development.md). Code that several rooms need has files of its own: ``sources`` (who may call), ``uac_rows`` and
``uac_records`` (accounts).
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kamailio_bridge.modules.base import KamailioModule
from kamailio_bridge.modules.certificates import CertificatesModule
from kamailio_bridge.modules.dispatcher import DispatcherModule
from kamailio_bridge.modules.drouting import DroutingModule
from kamailio_bridge.modules.htable import HtableModule
from kamailio_bridge.modules.mtree import MtreeModule
from kamailio_bridge.modules.permissions import PermissionsModule
from kamailio_bridge.modules.policy import PolicyModule
from kamailio_bridge.modules.uac import UacModule

# The sentence for a node that has none of them.
NO_MODULES = "none of the modules that we write is loaded there: check its configuration and KAMAILIO_MODULES."

# The order is that of reloads: who may call, how calls and registrations are sent, where they go, then which numbers go
# there. The hash table with the revision comes last: a node that names a revision has loaded everything before it.
MODULES: dict[str, KamailioModule] = {
    module.name: module
    for module in (
        PermissionsModule(),
        PolicyModule(),
        CertificatesModule(),
        UacModule(),
        DispatcherModule(),
        MtreeModule(),
        DroutingModule(),
        HtableModule(),
    )
}


def selected_modules() -> list[KamailioModule]:
    """Return the modules that ``KAMAILIO_MODULES`` names, in the order of reloads."""
    unknown = sorted(set(settings.KAMAILIO_MODULES) - set(MODULES))
    if unknown:
        raise ImproperlyConfigured(f"KAMAILIO_MODULES names {', '.join(unknown)}; known are {', '.join(MODULES)}.")
    return [module for name, module in MODULES.items() if name in settings.KAMAILIO_MODULES]
