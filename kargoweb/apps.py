"""Makes the site an app so that its system checks and commands are found."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers `kargoweb.checks` and the Celery app at start-up."""

    name = "kargoweb"
    verbose_name = "kargoweb"

    def ready(self) -> None:
        from kargoweb import celery, checks  # noqa: F401
