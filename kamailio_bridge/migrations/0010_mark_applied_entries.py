"""Note which revision earlier changes were applied with, as the history used to show it: by the clock."""

from django.db import migrations
from django.db.migrations.state import StateApps


def mark_entries(apps: StateApps, _schema_editor: object) -> None:
    entries = apps.get_model("history", "HistoryEntry").objects
    revisions = apps.get_model("kamailio_bridge", "Revision").objects
    reached = revisions.filter(carriers_read__isnull=False).exclude(outcome__in=("failed", "writing"))
    for number, read in reached.order_by("carriers_read").values_list("number", "carriers_read"):
        entries.filter(applied_number=None, timestamp__lte=read).update(applied_number=number)


class Migration(migrations.Migration):

    dependencies = [
        ("kamailio_bridge", "0009_applylock_life"),
        ("history", "0002_applied_number"),
    ]

    operations = [migrations.RunPython(mark_entries, migrations.RunPython.noop)]
