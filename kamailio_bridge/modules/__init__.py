"""One file per Kamailio module; plan, apply and status loop over ``selected_modules`` and know none by name.

To support another module is to add its file and one line here.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kamailio_bridge.modules.base import KamailioModule
from kamailio_bridge.modules.dispatcher import DispatcherModule
from kamailio_bridge.modules.drouting import DroutingModule
from kamailio_bridge.modules.htable import HtableModule
from kamailio_bridge.modules.mtree import MtreeModule
from kamailio_bridge.modules.permissions import PermissionsModule
from kamailio_bridge.modules.uac import UacModule

# Said of a node that has none of them.
NO_MODULES = "none of the modules that we write is loaded there: check its configuration and KAMAILIO_MODULES."

# The order is that of reloads: who may call, then where calls can go, then which numbers go there. The hash table comes
# last, because it holds the revision: a node that names a revision has loaded everything before it.
MODULES: dict[str, KamailioModule] = {
    module.name: module
    for module in (
        PermissionsModule(),
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
