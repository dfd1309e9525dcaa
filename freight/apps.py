"""App configuration of freight."""

from django.apps import AppConfig


class FreightConfig(AppConfig):
    """Warehouses and freight."""

    name = "freight"
