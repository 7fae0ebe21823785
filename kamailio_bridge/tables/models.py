"""Unmanaged models on Kamailio's stock tables, schema of Kamailio 5.6 (db_mysql and db_sqlite).

Column names, lengths, defaults and unique indexes are those of the SQL files that Kamailio ships; a test compares
them. Left out: tables that we neither write nor need (``trusted``, ``mtrees``, ``dr_groups``), and ``UNSIGNED``, which
Django does not support on a primary key. Keys are AutoField and texts CharField, because BIGINT and TEXT columns would
stop Kamailio (docs/kamailio-facts.md#column-types).

``db_table_version`` is the number that Kamailio expects in its ``version`` table.
"""

from __future__ import annotations

from django.db import models


class KamailioTable(models.Model):
    """A table of Kamailio, in the database ``kamailio`` (see ``routers``).

    Kamailio takes a column's type from its declaration. With BIGINT or TEXT in a table that it ``reads_types_strictly``
    it does not start, or does not load the table (docs/kamailio-facts.md#column-types), except in ``lenient_columns``.
    """

    db_table_version: int
    reads_types_strictly: bool = False
    lenient_columns: frozenset[str] = frozenset()

    class Meta:
        abstract = True
        managed = False
        default_permissions = ()


def text(length: int) -> models.CharField:
    """Make a column ``VARCHAR(length) DEFAULT '' NOT NULL``."""
    return models.CharField(max_length=length, default="", db_default="", blank=True)


def required_text(length: int) -> models.CharField:
    """Make a column ``VARCHAR(length) NOT NULL``."""
    return models.CharField(max_length=length)


def optional_text(length: int) -> models.CharField:
    """Make a column ``VARCHAR(length) DEFAULT NULL``."""
    return models.CharField(max_length=length, null=True, blank=True)


def number(default: int = 0) -> models.IntegerField:
    """Make a column ``INT DEFAULT n NOT NULL``."""
    return models.IntegerField(default=default, db_default=default)


class Version(KamailioTable):
    """The versions of the tables."""

    db_table_version = 1

    id = models.AutoField(primary_key=True)
    table_name = models.CharField(max_length=32)
    table_version = models.IntegerField(default=0, db_default=0)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "version"
        constraints = [models.UniqueConstraint(fields=["table_name"], name="table_name_idx")]

    def __str__(self) -> str:
        return f"{self.table_name} {self.table_version}"


class Dispatcher(KamailioTable):
    """Destinations in sets: one per endpoint for outbound calls, and one per PBX."""

    db_table_version = 4

    id = models.AutoField(primary_key=True)
    setid = number()
    destination = text(192)
    flags = number()
    priority = number()
    attrs = text(128)
    description = text(64)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dispatcher"

    def __str__(self) -> str:
        return f"{self.setid} {self.destination}"


class Mtree(KamailioTable):
    """The prefix tree."""

    db_table_version = 1
    reads_types_strictly = True
    lenient_columns = frozenset({"id"})

    id = models.AutoField(primary_key=True)
    tprefix = text(32)
    tvalue = text(128)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "mtree"
        constraints = [models.UniqueConstraint(fields=["tprefix"], name="tprefix_idx")]

    def __str__(self) -> str:
        return f"{self.tprefix} {self.tvalue}"


class Address(KamailioTable):
    """Source addresses that may call: group 8 carriers, group 9 PBXs."""

    db_table_version = 6
    reads_types_strictly = True
    # 5.6 reads a TEXT in tag, but 6.0 does not start with it on MariaDB
    # (docs/kamailio-facts.md#kamailio-60-compared-with-56).
    lenient_columns = frozenset({"id", "tag"})

    id = models.AutoField(primary_key=True)
    grp = number(1)
    ip_addr = required_text(50)
    mask = number(32)
    port = models.PositiveSmallIntegerField(default=0, db_default=0)
    tag = optional_text(64)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "address"

    def __str__(self) -> str:
        return f"{self.grp} {self.ip_addr}/{self.mask}"


class Uacreg(KamailioTable):
    """Registrations, and the credentials that answer challenges."""

    db_table_version = 5

    id = models.AutoField(primary_key=True)
    l_uuid = text(64)
    l_username = text(64)
    l_domain = text(64)
    r_username = text(64)
    r_domain = text(64)
    realm = text(64)
    auth_username = text(64)
    auth_password = text(64)
    auth_ha1 = text(128)
    auth_proxy = text(255)
    expires = number()
    flags = number()
    reg_delay = number()
    contact_addr = text(255)
    socket = text(128)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "uacreg"
        constraints = [models.UniqueConstraint(fields=["l_uuid"], name="l_uuid_idx")]

    def __str__(self) -> str:
        return self.l_uuid


class Htable(KamailioTable):
    """Keys and values that Kamailio loads into memory: the revision, owners, and sets that select by weight."""

    db_table_version = 2

    id = models.AutoField(primary_key=True)
    key_name = text(64)
    key_type = number()
    value_type = number()
    key_value = text(128)
    expires = number()

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "htable"

    def __str__(self) -> str:
        return f"{self.key_name}={self.key_value}"


class Policy(KamailioTable):
    """Settings that no stock table has room for. A table of ours, in the format of htable."""

    db_table_version = 2

    id = models.AutoField(primary_key=True)
    key_name = text(64)
    key_type = number()
    value_type = number()
    key_value = text(1024)
    expires = number()

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dsiprouter_policy"

    def __str__(self) -> str:
        return f"{self.key_name}={self.key_value}"


class Header(KamailioTable):
    """Headers that calls to a carrier group get in addition, secrets among them. A table of ours, as the one above."""

    db_table_version = 2

    id = models.AutoField(primary_key=True)
    key_name = text(64)
    key_type = number()
    value_type = number()
    key_value = text(1024)
    expires = number()

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dsiprouter_header"

    def __str__(self) -> str:
        return self.key_name


class Name(KamailioTable):
    """Addresses that the host names of carriers lead to. A table of ours, as those above, written by the collector."""

    db_table_version = 2

    id = models.AutoField(primary_key=True)
    key_name = text(64)
    key_type = number()
    value_type = number()
    key_value = text(128)
    expires = number()

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dsiprouter_name"

    def __str__(self) -> str:
        return f"{self.key_name}={self.key_value}"


class DrGateway(KamailioTable):
    """drouting: one gateway per endpoint for outbound calls, and one per PBX."""

    db_table_version = 3
    reads_types_strictly = True

    gwid = models.AutoField(primary_key=True)
    type = number()
    address = required_text(128)
    strip = number()
    pri_prefix = optional_text(64)
    attrs = optional_text(255)
    description = text(128)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dr_gateways"

    def __str__(self) -> str:
        return f"{self.gwid} {self.address}"


class DrGwList(KamailioTable):
    """drouting: lists of gateways in the order of attempts."""

    db_table_version = 1
    reads_types_strictly = True

    id = models.AutoField(primary_key=True)
    gwlist = required_text(255)
    description = text(128)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dr_gw_lists"

    def __str__(self) -> str:
        return f"{self.id} {self.gwlist}"


class DrRule(KamailioTable):
    """drouting: prefix to gateway list."""

    db_table_version = 3
    reads_types_strictly = True

    ruleid = models.AutoField(primary_key=True)
    groupid = required_text(255)
    prefix = required_text(64)
    timerec = required_text(255)
    priority = number()
    routeid = required_text(64)
    gwlist = required_text(255)
    description = text(128)

    class Meta(KamailioTable.Meta):
        abstract = False
        db_table = "dr_rules"

    def __str__(self) -> str:
        return f"{self.groupid} {self.prefix} {self.gwlist}"


# Version comes first, because it has the rows of the others.
TABLES: tuple[type[KamailioTable], ...] = tuple(KamailioTable.__subclasses__())
