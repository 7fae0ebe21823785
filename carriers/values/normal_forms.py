"""Convert values of earlier versions to today's stored forms: composed names, IPv4 addresses as IPv4.

For values that did not come through a form or a document: rows from before an upgrade, and snapshots that are restored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.core.exceptions import ValidationError

from carriers.values.addresses import clean_host, clean_network
from carriers.values.names import composed, name_key

NAME_LENGTH = 64

Form = Callable[[str], str]


def host_form(host: str) -> str:
    """Return a host as it is stored; an invalid one stays as it is, and the plan reports it."""
    return _clean(clean_host, host) if ":" in host else host


def network_form(network: str) -> str:
    """Return a network as it is stored; an invalid one stays as it is."""
    return _clean(clean_network, network) if ":" in network else network


def _clean(clean: Form, value: str) -> str:
    try:
        return clean(value)
    except ValidationError:
        return value


# By model and column, in lower case as a state and a migration name them.
FORMS: dict[str, dict[str, Form]] = {
    "carriergroup": {"name": composed},
    "endpoint": {"name": composed, "host": host_form},
    "pbx": {"name": composed, "host": host_form},
    "sourcenetwork": {"network": network_form},
    "authcredential": {"registrar": host_form},
}


def distinct_names(names: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Return the composed name of each key, all of them distinct.

    Among equal names the one that is composed already, or else the lowest key, keeps it; the others get a number, such
    as ``Größe (2)``.
    """
    given: dict[int, str] = {}
    taken: set[str] = set()
    for key, name in sorted(names, key=lambda each: (composed(each[1]) != each[1], each[0])):
        wanted, number = composed(name)[:NAME_LENGTH], 1
        while wanted != name and name_key(wanted) in taken:
            number += 1
            suffix = f" ({number})"
            wanted = composed(name)[: NAME_LENGTH - len(suffix)] + suffix
        taken.add(name_key(wanted))
        given[key] = wanted
    return given
