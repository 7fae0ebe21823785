"""The history as a Django app: who changed what, field by field. It knows neither carriers nor Kamailio."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "history"
    verbose_name = "History"
