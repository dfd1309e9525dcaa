"""Settings of the test suite: the site's own, with a private data directory and nothing slow.

`TEST_DATABASE_URL` chooses the database (a fresh SQLite file by default). A test that starts a process of its own
gives it `KARGOWEB_TEST_DATA_DIR` and `TEST_DATABASE_URL`, so that both look at the same rows and files.
"""

import atexit
import os
import shutil
import tempfile
from datetime import timedelta

_given = os.environ.get("KARGOWEB_TEST_DATA_DIR")
_data_dir = _given or tempfile.mkdtemp(prefix="kargoweb-tests-")
if not _given:
    _maker = os.getpid()
    # A forked child runs the same hook at its end; only the maker may take the directory away.
    atexit.register(lambda: os.getpid() == _maker and shutil.rmtree(_data_dir, ignore_errors=True))

os.environ["KARGOWEB_DATA_DIR"] = _data_dir
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{_data_dir}/tests.sqlite3"

from kargoweb.settings import *  # noqa: E402, F403
from kargoweb.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: lease heartbeats and workers write from other threads.
    DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AXES_ENABLED = False
ALLOW_PRIVATE_ADDRESSES = True
# Wake-ups go to a queue nobody reads, so that they never block; tests run the tasks themselves.
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
LEASE = timedelta(seconds=30)
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a missing one
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
