"""The demo's one task: a release touches repository and registry, which pages never do themselves."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from freight.models import Warehouse
from freight.requests import request_refresh
from kargoweb.demo.release import make_release
from projects.actors import controller


@shared_task(name="demo.release")
def release() -> None:
    """Make a release and have the demo's warehouse look at once."""
    make_release(settings.DATA_DIR)
    warehouse = Warehouse.objects.get(project__name="guestbook", name="guestbook")
    request_refresh(controller("demo"), warehouse, now=timezone.now())
