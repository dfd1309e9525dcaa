"""The Celery app and the beat table; task bodies live in each package's `tasks.py`."""

import os

from celery import Celery
from celery.signals import worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")

import kargoweb.broker  # noqa: F401  (registers the embedded:// transport)

app = Celery("kargoweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
if app.conf.broker_url.startswith("embedded"):
    # Nobody sends remote commands here, and looking for them would double the work of an idle worker.
    app.conf.worker_enable_remote_control = False
app.autodiscover_tasks(["projects", "freight", "promotions", "kargoweb.demo"])
app.conf.beat_schedule = {
    # One tick a second hands due rows to workers. Old ticks are worthless, so they expire; but scheduler and worker
    # may be on machines whose clocks differ, and a tick must not be old before it arrives.
    "projects": {"task": "projects.tick", "schedule": 5.0, "options": {"expires": 30}},
    "freight": {"task": "freight.tick", "schedule": 1.0, "options": {"expires": 30}},
    "sweep": {"task": "promotions.sweep", "schedule": 900.0},
    "freight-sweep": {"task": "freight.sweep", "schedule": 3600.0},
    "promotions": {"task": "promotions.tick", "schedule": 1.0, "options": {"expires": 30}},
}
app.set_default()


@worker_shutting_down.connect
def hand_over(**_: object) -> None:
    """Passes stop at their next step boundary, so that another worker goes on at once."""
    from projects import shutdown

    shutdown.requested.set()
