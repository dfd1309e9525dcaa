"""Makes the site an app so that its system checks and commands are found."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers `kargoweb.checks` and the Celery app at start-up, and says which custom steps may be loaded."""

    name = "kargoweb"
    verbose_name = "kargoweb"

    def ready(self) -> None:
        from django.conf import settings

        from kargoweb import celery, checks  # noqa: F401
        from promotions.steps.custom import allow_steps

        allow_steps(settings.CUSTOM_STEPS)
