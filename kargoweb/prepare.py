"""`python -m kargoweb.prepare`: everything that must be true before the processes start; quick the second time.

A process of its own, so that the supervisor stays small. `--demo` fills the demo; `--static` collects static files
and nothing else, for images.
"""

import hashlib
import logging
import os
import shlex
import sys
from importlib.metadata import version

import django
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

logger = logging.getLogger(__name__)


def prepare(*, demo: bool) -> None:
    """Migrate the database, collect static files that are not those of this version, fill the demo."""
    _make_data_dir()
    call_command("migrate", verbosity=0, interactive=False)
    collect_static_files()
    if demo:
        from kargoweb.demo.seed import seed

        seed(settings.DATA_DIR, now=timezone.now())
    else:
        _name_first_step()


def collect_static_files() -> None:
    """Collect them unless those of this version are there, as they are in an image."""
    stamp = settings.STATIC_ROOT / ".version"
    current = _static_version()
    if not stamp.is_file() or stamp.read_text() != current:
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(current)


def _make_data_dir() -> None:
    """Nobody else may look into it: database, mirrors and work trees below hold what projects keep private."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.DATA_DIR.stat().st_mode & 0o077:
        try:
            settings.DATA_DIR.chmod(0o700)
        except OSError as error:  # it belongs to somebody else, who gave it to us
            facts = {"directory": str(settings.DATA_DIR), "error": str(error)}
            logger.warning("Other users of this machine may be able to read the data directory", extra=facts)


def _name_first_step() -> None:
    from django.contrib.auth.models import User

    if User.objects.exists():
        return
    chosen = os.environ.get("KARGOWEB_DATA_DIR")
    place = f"KARGOWEB_DATA_DIR={shlex.quote(chosen)} " if chosen else ""
    sys.stdout.write(f"There is no account yet. Make one in another terminal: {place}kargoweb user NAME --admin\n")
    sys.stdout.flush()


def _static_version() -> str:
    """Changes whenever the content of one of our files or the installed htmx changes; copies have the same."""
    directory = settings.BASE_DIR / "static"
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"{digest.hexdigest()} htmx {version('django-htmx')}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
    django.setup()
    if "--static" in sys.argv:
        collect_static_files()
    else:
        prepare(demo="--demo" in sys.argv)
