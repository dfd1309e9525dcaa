"""App configuration of promotions."""

from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    """Stages, promotions, the engine."""

    name = "promotions"
