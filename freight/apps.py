"""App configuration of freight."""

from django.apps import AppConfig
from django.conf import settings

from integrations.oci.rate import SHARED_LIMITS


class FreightConfig(AppConfig):
    """Warehouses and freight."""

    name = "freight"

    def ready(self) -> None:
        SHARED_LIMITS.change_rate(settings.REGISTRY_REQUESTS_PER_SECOND)
