"""Settings of the site: one file, every value from the environment, each with its unit."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from kargoweb.cloud_identity import read_identity, read_places
from kargoweb.env import env_bool, env_choice, env_int, env_list, env_secret, env_text, env_timedelta
from kargoweb.proxies import read_proxies
from kargoweb.storage_urls import read_snapshot_storage

BASE_DIR = Path(__file__).resolve().parent.parent

# Where embedded databases, git mirrors, work trees and keys live; on several machines: shared storage.
DATA_DIR = Path(env_text("KARGOWEB_DATA_DIR", str(BASE_DIR / "var"))).expanduser().resolve()

SECRET_KEY = env_secret("KARGOWEB_SECRET_KEY", DATA_DIR / "secret.key")
# Keys of before: they open what was sealed and signed with them, and seal nothing new.
SECRET_KEY_FALLBACKS = env_list("KARGOWEB_OLD_SECRET_KEYS")
DEBUG = env_bool("KARGOWEB_DEBUG", False)
# Host names this site answers to; the default serves loopback only.
ALLOWED_HOSTS = env_list("KARGOWEB_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env_list("KARGOWEB_ORIGINS")
# Address people reach the site at, for links in commits, pull requests and mails; no slash at the end.
BASE_URL = env_text("KARGOWEB_URL").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "heroicons",
    "projects",
    "freight",
    "promotions",
    "kargoweb.apps.SiteConfig",
]

MIDDLEWARE = [
    "projects.request_context.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kargoweb.middleware.DomainErrors",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "kargoweb.urls"
ASGI_APPLICATION = "kargoweb.asgi.application"
WSGI_APPLICATION = "kargoweb.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "projects.request_context.shell",
            ],
        },
    }
]


def _database() -> dict[str, Any]:
    """SQLite in the data directory unless DATABASE_URL names a server (postgres://user:pass@host/name)."""
    url = env_text("DATABASE_URL", f"sqlite:///{DATA_DIR}/kargoweb.sqlite3")
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,  # seconds a writer waits for another
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        # Seconds. Each request has a thread of its own, so a web process that keeps connections keeps ever more.
        config["CONN_MAX_AGE"] = env_int("KARGOWEB_DATABASE_MAX_AGE", 0)
        config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = env_int("KARGOWEB_SIGN_IN_TRIES", 10, at_least=1)  # wrong passwords before a pause
AXES_COOLOFF_TIME = env_timedelta("KARGOWEB_SIGN_IN_PAUSE", timedelta(minutes=10))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "errors/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

CSRF_FAILURE_VIEW = "kargoweb.error_pages.form_refused"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("KARGOWEB_HTTPS", BASE_URL.startswith("https://"))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("KARGOWEB_BEHIND_PROXY", False) else None
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Bytes of a form: the largest text of manifests (1 MiB), each of its characters possibly written as three.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# Bytes of any request: what is longer is refused before anything is read of it, signed in or not.
REQUEST_MAX_BYTES = 6 * 1024 * 1024
# Bytes of what a webhook brings.
WEBHOOK_MAX_BYTES = 2 * 1024 * 1024
# Requests that one webhook receiver takes in a minute.
WEBHOOKS_PER_MINUTE = env_int("KARGOWEB_WEBHOOKS_PER_MINUTE", 600, at_least=1)

LANGUAGE_CODE = "en"
TIME_ZONE = env_text("KARGOWEB_TIME_ZONE", "UTC")
USE_TZ = True

STATIC_URL = "static/"
# Where collected static files lie.
STATIC_ROOT = Path(env_text("KARGOWEB_STATIC_DIR", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    # Work trees of running promotions, sealed: files of the data directory, or s3://bucket/prefix?endpoint_url=...
    "snapshots": read_snapshot_storage("KARGOWEB_SNAPSHOT_STORAGE", DATA_DIR / "snapshots"),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Celery carries wake-ups only; the database row is the work (docs/decisions/0001).
CELERY_BROKER_URL = env_text("CELERY_BROKER_URL", "embedded://localhost//")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # workers and scheduler wait for a broker that is away
# One try to send: a page must not wait for a broker that is away, and the tick makes up for it.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"max_retries": 0}
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS["socket_connect_timeout"] = 3  # seconds
if CELERY_BROKER_URL.startswith("embedded"):
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "data_folder_in": str(DATA_DIR / "broker"),
        "data_folder_out": str(DATA_DIR / "broker"),
        "control_folder": str(DATA_DIR / "broker" / "control"),
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a lost wake-up costs one tick; a late one would be repeated
CELERY_TASK_PUBLISH_RETRY = False  # the tick repeats what the broker did not take
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
PASSES_AT_ONCE = env_int("KARGOWEB_CONCURRENCY", 4, at_least=1)  # in one worker
LOOKS_AT_ONCE = env_int("KARGOWEB_WAREHOUSE_CONCURRENCY", 4, at_least=1)  # looks at warehouses in one worker
# Threads; beside those two kinds one looks at health, two do ticks and other quick tasks.
CELERY_WORKER_CONCURRENCY = PASSES_AT_ONCE + LOOKS_AT_ONCE + 3
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# How long a worker may be silent before another takes over its row.
LEASE = env_timedelta("KARGOWEB_LEASE", timedelta(seconds=30))
# How long a promotion that failed keeps its work tree, so that it can be retried from any of its steps.
WORK_TREES_KEPT = env_timedelta("KARGOWEB_WORK_TREES_KEPT", timedelta(hours=24))
# Work trees are stored after each step, so that a worker on another machine can go on with a promotion.
SNAPSHOTS = env_bool("KARGOWEB_SNAPSHOTS", False)
# Bytes of the files of one work tree; a larger one is not stored.
SNAPSHOT_MAX_BYTES = env_int("KARGOWEB_SNAPSHOT_MAX_BYTES", 2 * 1024**3, at_least=1)
# Old freight that nothing refers to: the newest so many of each warehouse stay, and all that is younger. 0 keeps all.
FREIGHT_KEEP = env_int("KARGOWEB_FREIGHT_KEEP", 0)
FREIGHT_KEEP_FOR = env_timedelta("KARGOWEB_FREIGHT_KEEP_FOR", timedelta(days=14))
# How long one check of a warehouse may ask a registry or a chart repository; what was learned until then is kept.
REGISTRY_TIMEOUT = env_timedelta("KARGOWEB_REGISTRY_TIMEOUT", timedelta(minutes=2))
# Requests a second to one registry host, from one worker.
REGISTRY_REQUESTS_PER_SECOND = env_int("KARGOWEB_REGISTRY_REQUESTS_PER_SECOND", 20, at_least=1)
# Whether image subscriptions may trust tags that are known (cacheByTag): Allow, Forbid, Require, Force.
CACHE_BY_TAG = env_choice("KARGOWEB_CACHE_BY_TAG_POLICY", ("Allow", "Forbid", "Require", "Force"))
# The shortest time between two looks at one repository or registry.
MIN_WAREHOUSE_INTERVAL = env_timedelta("KARGOWEB_MIN_WAREHOUSE_INTERVAL", timedelta(minutes=5))
# Repositories and registries on this machine or in private networks may be reached.
ALLOW_PRIVATE_ADDRESSES = env_bool("KARGOWEB_ALLOW_PRIVATE_ADDRESSES", False)
# Credentials may be sent to http:// addresses.
ALLOW_CREDENTIALS_OVER_HTTP = env_bool("KARGOWEB_ALLOW_CREDENTIALS_OVER_HTTP", False)
# Where those are who issue credentials of registries, and who the site itself is there (KARGOWEB_REGISTRY_IDENTITY).
ISSUER_PLACES = read_places()
REGISTRY_IDENTITY = read_identity()
# Who commits when a step names nobody.
GIT_NAME = env_text("KARGOWEB_GIT_NAME", "Kargo")
GIT_EMAIL = env_text("KARGOWEB_GIT_EMAIL", "no-reply@kargo.io")
# Private key, GPG or OpenSSH, without a passphrase, that signs these commits; empty: they are not signed.
GIT_SIGNING_KEY = env_text("KARGOWEB_GIT_SIGNING_KEY")
# How git-push brings in what others pushed in between.
_PUSH_POLICIES = ("AlwaysRebase", "AlwaysMerge", "RebaseOrMerge", "RebaseOrFail")
GIT_PUSH_POLICY = env_choice("KARGOWEB_GIT_PUSH_POLICY", _PUSH_POLICIES)
# How many commits github-push makes again through GitHub's API at most.
GITHUB_PUSH_MAX_COMMITS = env_int("KARGOWEB_GITHUB_PUSH_MAX_COMMITS", 10, at_least=1)
# GitHub signs commits of github-push that no trusted key has signed, too.
GITHUB_PUSH_VERIFY_UNTRUSTED = env_bool("KARGOWEB_GITHUB_PUSH_VERIFY_UNTRUSTED", False)
# HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as other programs read them.
PROXY_RULES = read_proxies()
# Steps of other packages that may be loaded: kind, or package:kind.
CUSTOM_STEPS = env_list("KARGOWEB_CUSTOM_STEPS")
# Programs that render manifests: a name on PATH or a path; empty: kustomize (else kubectl) and helm on PATH.
KUSTOMIZE = env_text("KARGOWEB_KUSTOMIZE")
HELM = env_text("KARGOWEB_HELM")
# kustomize may fetch bases and charts that are not in the repository.
ALLOW_REMOTE_BASES = env_bool("KARGOWEB_ALLOW_REMOTE_BASES", False)
# Bytes (compressed) that oci-push copies from one repository to another; 0 forbids it, -1 is no limit.
OCI_PUSH_MAX_BYTES = env_int("KARGOWEB_OCI_PUSH_MAX_BYTES", 1024**3, at_least=-1)
# Argo CD's server, for the steps argocd-update and argocd-wait and the health of stages; empty: not connected.
ARGOCD_URL = env_text("KARGOWEB_ARGOCD_URL").rstrip("/")
ARGOCD_TOKEN = env_text("KARGOWEB_ARGOCD_TOKEN")
# Where applications are that name no namespace.
ARGOCD_NAMESPACE = env_text("KARGOWEB_ARGOCD_NAMESPACE", "argocd")
# Trust any certificate of Argo CD's server.
ARGOCD_INSECURE = env_bool("KARGOWEB_ARGOCD_INSECURE", False)
# True only under `kargoweb up --demo`: shows the "New release" button and the demo accounts.
DEMO = env_bool("KARGOWEB_DEMO", False)

LOG_LEVEL = env_text("KARGOWEB_LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "kargoweb.logs.PlainFormatter"},
        "json": {"()": "kargoweb.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if env_text("KARGOWEB_LOG_FORMAT", "plain") == "json" else "plain",
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        name: {"level": "WARNING"}
        # Celery would write two lines for every tick: "received" and "succeeded".
        for name in ("axes", "httpx", "git", "celery.app.trace", "celery.worker.strategy", "kombu.connection")
    },
}
