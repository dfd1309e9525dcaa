"""`python -m kargoweb.prepare`: everything that must be true before the processes start; quick the second time.

A process of its own, so that the supervisor stays small.
"""

import os
import sys
from importlib.metadata import version

import django
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone


def prepare(*, demo: bool) -> None:
    """Migrate the database, collect static files that are not those of this version, fill the demo."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    call_command("migrate", verbosity=0, interactive=False)
    stamp = settings.STATIC_ROOT / ".version"
    current = _static_version()
    if not stamp.is_file() or stamp.read_text() != current:
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(current)
    if demo:
        from kargoweb.demo.seed import seed

        seed(settings.DATA_DIR, now=timezone.now())


def _static_version() -> str:
    """Changes whenever one of our files or the installed htmx changes."""
    files = [path for path in (settings.BASE_DIR / "static").rglob("*") if path.is_file()]
    newest = max((path.stat().st_mtime_ns for path in files), default=0)
    return f"{len(files)} {newest} htmx {version('django-htmx')}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
    django.setup()
    prepare(demo="--demo" in sys.argv)
