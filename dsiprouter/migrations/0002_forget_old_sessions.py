"""Sessions of before stand in Django's own table, which nobody reads any more: everybody logs in again once."""

from django.db import migrations


def forget(apps, schema_editor):
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("dsiprouter", "0001_initial"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
