"""A site inside this process, over a data directory of its own: for what is measured without workers."""

import os
from collections.abc import Mapping
from pathlib import Path


def configure(data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
    """Point Django at an empty database in `data_dir`; call once, before any model is imported."""
    for name in [name for name in os.environ if name.startswith(("KARGOWEB_", "CELERY_", "DATABASE_"))]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "kargoweb.settings",
        "KARGOWEB_DATA_DIR": str(data_dir),
        "KARGOWEB_ALLOW_PRIVATE_ADDRESSES": "true",
        "KARGOWEB_LOG_LEVEL": "WARNING",
        "CELERY_BROKER_URL": "memory://",
        **(settings or {}),
    }
    import django

    django.setup()
    from django.core.management import call_command

    import kargoweb.celery  # noqa: F401  (wake-ups go to this app's broker)

    call_command("migrate", verbosity=0)


def run_all_due() -> None:
    """Work in this process as a worker would, until nothing is due."""
    from django.utils import timezone

    from projects.leases import list_due
    from promotions import engine, reconciler
    from promotions.models import Promotion, Stage

    site = engine.read_site()
    while True:
        now = timezone.now()
        stages = list(list_due(Stage, now).values_list("pk", flat=True))
        promotions = list(list_due(Promotion, now).values_list("pk", flat=True))
        if not stages and not promotions:
            return
        for pk in stages:
            reconciler.reconcile_stage(pk, site=site)
        for pk in promotions:
            engine.run_pass(pk, site=site)
