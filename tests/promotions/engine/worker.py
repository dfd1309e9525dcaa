"""A worker in a process of its own that runs one pass and may be killed: `worker.py PROMOTION`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from promotions.engine import read_site, run_pass  # noqa: E402

if __name__ == "__main__":
    run_pass(int(sys.argv[1]), site=read_site())
