"""Worker processes that tests may kill: `worker.py PROMOTION` makes one pass on the rows and files of the test."""

import os
import subprocess
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.db import connection
from django.utils import timezone

from promotions.engine import read_site, run_pass
from promotions.models import Promotion, PushLock


def start_worker(promotion):
    """Make one pass over the promotion in a process of its own."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = {
        **os.environ,
        "KARGOWEB_TEST_DATA_DIR": str(settings.DATA_DIR),
        "TEST_DATABASE_URL": url,
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    return subprocess.Popen([sys.executable, str(Path(__file__)), str(promotion.pk)], env=environment)


def let_lease_run_out(promotion):
    """As if the time had come at which others may take over from a dead worker."""
    rows = Promotion.objects.filter(pk=promotion.pk, lease_token__isnull=False)
    assert rows.update(lease_until=timezone.now()) == 1
    # The lock that it may have held dies with it, by the same clock.
    PushLock.objects.filter(lease_token__isnull=False).update(lease_until=timezone.now())


if __name__ == "__main__":
    run_pass(int(sys.argv[1]), site=read_site())
