"""The demo's button."""

import pytest
from celery import Celery, current_app
from django.test import Client
from django.urls import path

from kargoweb import urls
from kargoweb.demo.views import new_release
from projects.wakeup import send
from tests.cast import browser_of
from tests.factories import make_member, make_project, make_user
from tests.servers.installation import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [*urls.urlpatterns, path("demo/release/", new_release)]


@pytest.fixture
def promoter() -> Client:
    person = make_user("bob")
    make_member(make_project("guestbook"), person, "promoter")
    return browser_of(person)


@pytest.fixture
def broker_away():
    """Tasks go to a Redis that is not there."""
    usual = current_app._get_current_object()
    away = Celery("away", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    away.conf.broker_transport_options = {"max_retries": 0, "socket_connect_timeout": 1}
    away.set_current()
    yield
    usual.set_current()


def test_a_release_is_asked_for(promoter: Client) -> None:
    page = promoter.post("/demo/release/", follow=True).content.decode()

    assert "A new release is on its way" in page


def test_without_a_broker_the_person_is_told_that_nothing_was_released(promoter: Client, broker_away: None) -> None:
    answer = promoter.post("/demo/release/", follow=True)

    assert answer.status_code == 200
    assert "the broker does not answer" in answer.content.decode()
    assert send("demo.release") is False, "the next one does not wait for it again"
