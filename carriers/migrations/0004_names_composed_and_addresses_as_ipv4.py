"""Store names composed (NFC), and IPv4 addresses that were written as IPv6 as what they are.

Two names that become one are both kept, one of them with a number; the migration says so. A source network that its
owner has already goes.
"""

from django.db import migrations

from carriers.values.normal_forms import FORMS, distinct_names

UNIQUE_NAMES = ("carriergroup", "pbx")


def normalize(apps, schema_editor):
    alias = schema_editor.connection.alias
    for model_name, columns in FORMS.items():
        model = apps.get_model("carriers", model_name)
        rows = model.objects.using(alias)
        for column, form in columns.items():
            stored = list(rows.order_by("pk").values_list("pk", column))
            if column == "name" and model_name in UNIQUE_NAMES:
                wanted = distinct_names(stored)
            else:
                wanted = {pk: form(value) for pk, value in stored}
            changed = [(pk, value, wanted[pk]) for pk, value in stored if wanted[pk] != value]
            # Who gets a number goes first, so that the name is free for the other one.
            for pk, before, value in sorted(changed, key=lambda each: not each[2].endswith(")")):
                if model_name == "sourcenetwork" and _is_there_already(rows, pk, value):
                    rows.filter(pk=pk).delete()
                    continue
                rows.filter(pk=pk).update(**{column: value})
                if column == "name" and value.endswith(")") and not before.endswith(")"):
                    noun = model._meta.verbose_name
                    print(f"\n  The {noun} {pk} is named “{value}” now: another {noun} has a name that looks the same.")


def _is_there_already(rows, pk, network):
    source = rows.get(pk=pk)
    twins = rows.filter(group_id=source.group_id, pbx_id=source.pbx_id).exclude(pk=pk)
    return network in twins.values_list("network", flat=True)


class Migration(migrations.Migration):

    dependencies = [
        ('carriers', '0003_routes_that_refuse'),
    ]

    operations = [
        migrations.RunPython(normalize, migrations.RunPython.noop),
    ]
