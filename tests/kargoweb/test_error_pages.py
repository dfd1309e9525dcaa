"""Answers to what no view handled."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxDetails

from kargoweb.error_pages import broken, form_refused
from kargoweb.middleware import DomainErrors
from projects.errors import DomainError
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
def test_a_refusal_without_a_page_of_its_own_is_shown_with_its_status_and_message() -> None:
    class Unusable(DomainError):
        status = 422

    request = RequestFactory().get("/")
    request.htmx = HtmxDetails(request)
    request.user = make_cast().rita

    answer = DomainErrors(lambda _: HttpResponse()).process_exception(request, Unusable("This cannot be used so."))

    assert answer is not None
    assert answer.status_code == 422
    assert "This cannot be used so." in answer.content.decode()
    assert "422" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_changes_nothing() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_cast().rita)

    assert browser.post("/theme/", {"theme": "dark"}).status_code == 403


@pytest.mark.django_db
def test_a_refused_form_says_what_to_do() -> None:
    page = form_refused(RequestFactory().get("/")).content.decode()

    assert "Go back, reload the page and send it again." in page
