"""Answers to what no view handled."""

import pytest
from django.test import Client, RequestFactory

from kargoweb.error_pages import broken, form_refused
from tests.cast import browser_of, make_cast


@pytest.mark.django_db
def test_an_unknown_address_is_answered_in_our_frame_with_the_request_id() -> None:
    answer = browser_of(make_cast().rita).get("/nowhere/")

    page = answer.content.decode()
    assert answer.status_code == 404
    assert "There is nothing here" in page
    assert answer["X-Request-ID"] in page


def test_a_fault_is_answered_without_the_database() -> None:
    request = RequestFactory().get("/")
    request.id = "abc123"

    answer = broken(request)

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "abc123" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_changes_nothing() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_cast().rita)

    assert browser.post("/theme/", {"theme": "dark"}).status_code == 403


@pytest.mark.django_db
def test_a_refused_form_says_what_to_do() -> None:
    page = form_refused(RequestFactory().get("/")).content.decode()

    assert "Go back, reload the page and send it again." in page
