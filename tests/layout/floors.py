"""The rooms of the product and the floors that they are on, from the bottom to the top.

A room is a package or a module directly below ``carriers``, ``kamailio_bridge`` or ``dsiprouter``. A module may import
from its own room and from rooms on floors below, never from a room on the same floor or above. A new room needs a line
here, and a paragraph in docs/architecture.md.
"""

from __future__ import annotations

# Each floor: its rooms, and the question that they answer. Add a room to the lowest floor that its imports allow.
FLOORS: tuple[dict[str, str], ...] = (
    {
        "carriers.django_internals": "what Django does not document",
        "carriers.hook_points": "how another app adds something to the carriers",
        "carriers.offered_lookups": "what an address may ask of a list",
    },
    {
        "carriers.databases": "what a database error means, and when to try again",
        "carriers.garbage_collector": "how to pause the collector while many objects are built",
        "carriers.providers": "what providers want, and what only their customers know",
        "carriers.passwords": "how passwords and other secrets are kept",
        "carriers.values": "what an address, a host and a name are",
        "carriers.wording": "how fields that differ are put into words",
    },
    {
        "carriers.history": "who changed which field, and when",
        "carriers.validators": "which values are refused, and with which sentence",
    },
    {"carriers.fields": "which values Django's fields store"},
    {"carriers.models": "what an operator can configure"},
    {
        "carriers.labels": "what an object is called",
        "carriers.offered_templates": "which templates there are, of this product and of the operator",
        "carriers.refusals": "with which answer a route refuses calls",
    },
    {"carriers.snapshots": "all carriers as records: read, compared and restored"},
    {
        "carriers.carrier_history": "what the history records of bulk changes",
        "carriers.reencrypt": "how passwords get the current key",
    },
    {
        "carriers.documents": "carriers as YAML, JSON and CSV",
        "carriers.services": "the changes that need more than one object",
    },
    {"carriers.group_templates": "how a group becomes a template, and what a later version would change"},
    {"carriers.forms": "what operators enter"},
    {"carriers.admin": "the pages of the carriers"},
    {
        "carriers.checks": "what is wrong with the keys of passwords",
        "carriers.management": "commands for the carriers",
        "carriers.templatetags": "where templates call the hooks",
    },
    {"carriers.apps": "what carriers do when Django starts"},
    {"kamailio_bridge.tables": "Kamailio's own tables"},
    {
        "kamailio_bridge.nodes": "one Kamailio, and how to ask it",
        "kamailio_bridge.routers": "which database a model is in",
        "kamailio_bridge.rows": "what a row of ours is",
    },
    {
        "kamailio_bridge.local": "the Kamailio and the web server that make run starts",
        "kamailio_bridge.modules": "from carriers to rows, to a reload, to its verification",
    },
    {"kamailio_bridge.revisions": "what was applied, and how to go back"},
    {"kamailio_bridge.collector": "what changes by itself, such as the addresses of host names"},
    {"kamailio_bridge.models": "the models of the bridge, where Django looks for them"},
    {
        "kamailio_bridge.plan": "what the next reload changes",
        "kamailio_bridge.questions": "what an operator asks, without changing anything",
    },
    {
        "kamailio_bridge.drift": "what other programs changed",
        "kamailio_bridge.preview": "what a plan means to an operator",
    },
    {"kamailio_bridge.apply": "what the button does"},
    {"kamailio_bridge.monitoring": "how the nodes are now"},
    {
        "kamailio_bridge.checks": "what is wrong with the settings and the tables",
        "kamailio_bridge.forms": "the forms of questions",
        "kamailio_bridge.management": "commands for Kamailio",
    },
    {"kamailio_bridge.views": "the pages and answers of the bridge"},
    {
        "kamailio_bridge.admin": "the pages of nodes and revisions, and the bridge's part of the carriers' pages",
        "kamailio_bridge.urls": "the addresses of the bridge's pages",
    },
    {"kamailio_bridge.carrier_hooks": "what the bridge adds to the carriers"},
    {"kamailio_bridge.apps": "what the bridge does when Django starts"},
    {
        "dsiprouter.failures": "what people and the log see of failures",
        "dsiprouter.middleware": "what every answer gets",
        "dsiprouter.readiness": "why the site is not ready",
        "dsiprouter.configuration": "what the environment configures",
        "dsiprouter.staff": "who may do what",
    },
    {
        "dsiprouter.command_line": "how every command ends in a sentence",
        "dsiprouter.health": "whether the site lives and works",
        "dsiprouter.logins": "who is logged in, and who may try",
        "dsiprouter.models": "what the site stores of logins",
        "dsiprouter.settings": "the settings",
    },
    {
        "dsiprouter.admin_site": "the admin site itself",
        "dsiprouter.checks": "what is wrong with files and settings",
        "dsiprouter.wsgi": "where web servers start",
    },
    {
        "dsiprouter.admin": "the pages of users and groups",
        "dsiprouter.apps": "what the project does when Django starts",
        "dsiprouter.management": "commands for the whole site",
        "dsiprouter.urls": "all addresses of the site",
    },
)

# Rooms that Django makes depend on each other: a session class needs its model, and the model names the class.
TOGETHER = frozenset({frozenset({"dsiprouter.logins", "dsiprouter.models"})})

FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}
