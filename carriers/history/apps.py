"""The history as a Django app: who changed what, field by field. It depends on neither carriers nor Kamailio."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "carriers.history"
    label = "history"
    verbose_name = "History"
