"""Sign in and sign out."""

import pytest
from django.test import Client

from tests.cast import Cast, browser_of
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_the_right_password_leads_to_the_page_that_was_asked_for(client: Client, cast: Cast) -> None:
    asked = client.get("/me/")
    assert asked.status_code == 302

    answer = client.post(asked["Location"], {"username": "alice", "password": PASSWORD, "next": "/me/"})

    assert answer.status_code == 302
    assert answer["Location"] == "/me/"
    assert client.get("/me/").status_code == 200


def test_a_wrong_password_keeps_the_name_and_signs_nobody_in(client: Client, cast: Cast) -> None:
    answer = client.post("/login/", {"username": "alice", "password": "wrong"})

    assert 'value="alice"' in answer.content.decode()
    assert "Please enter a correct username" in answer.content.decode()
    assert client.get("/me/").status_code == 302


def test_a_next_address_of_another_site_is_not_followed(client: Client, cast: Cast) -> None:
    data = {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}

    assert client.post("/login/", data)["Location"] == "/"


def test_signing_out_takes_a_post(cast: Cast) -> None:
    browser = browser_of(cast.alice)

    assert browser.get("/logout/").status_code == 405
    assert browser.post("/logout/")["Location"] == "/login/"
    assert browser.get("/me/").status_code == 302
