"""The page that changes one credential."""

import pytest
from django.utils import timezone

from projects.credentials import find_secret, set_credential
from projects.models import Credential
from tests.cast import Cast, browser_of
from tests.factories import actor_for, make_member, make_project

BOT = "/p/shop/settings/credentials/bot/"
DATA = {"kind": "git", "repo_url": "https://git.example.com/a.git", "username": "robot"}


@pytest.fixture(autouse=True)
def bot(cast: Cast) -> Credential:
    return set_credential(
        actor_for(cast.alice),
        project=cast.project,
        name="bot",
        **DATA,
        secrets={"password": "old"},
        now=timezone.now(),
    )


def test_a_new_password_replaces_the_old_one(cast: Cast) -> None:
    answer = browser_of(cast.alice).post(f"{BOT}set/", {**DATA, "password": "new"})

    assert answer["Location"] == "/p/shop/settings/credentials/"
    assert find_secret(cast.project, "bot")["password"] == "new"


def test_empty_secrets_keep_what_is_stored(cast: Cast) -> None:
    browser_of(cast.alice).post(f"{BOT}set/", {**DATA, "username": "other"})

    stored = find_secret(cast.project, "bot")
    assert (stored["username"], stored["password"]) == ("other", "old")


def test_the_stored_secret_goes_to_no_other_address(cast: Cast) -> None:
    answer = browser_of(cast.alice).post(f"{BOT}set/", {**DATA, "repo_url": "https://evil.example/a.git"})

    assert answer.status_code == 409
    assert "would go to another address" in answer.content.decode()
    assert Credential.objects.get().repo_url == DATA["repo_url"]


def test_the_name_of_the_address_counts_not_the_posted_one(cast: Cast) -> None:
    browser_of(cast.alice).post(f"{BOT}set/", {**DATA, "name": "second", "password": "new"})

    assert [row.name for row in Credential.objects.all()] == ["bot"]


def test_an_owner_deletes_it(cast: Cast) -> None:
    assert browser_of(cast.alice).post(f"{BOT}delete/").status_code == 302

    assert not Credential.objects.exists()


def test_another_project_of_the_same_owner_has_other_credentials(cast: Cast) -> None:
    make_member(make_project("second"), cast.alice, "owner")

    assert browser_of(cast.alice).get("/p/second/settings/credentials/bot/").status_code == 404
    assert browser_of(cast.alice).post("/p/second/settings/credentials/bot/delete/").status_code == 404
    assert Credential.objects.exists()


@pytest.mark.parametrize("act", ["set", "delete"])
def test_who_may_change(cast: Cast, act: str) -> None:
    assert browser_of(cast.bob).post(f"{BOT}{act}/", DATA).status_code == 403
    assert browser_of(cast.charlie).post(f"{BOT}{act}/", DATA).status_code == 404
    assert browser_of(cast.alice).get(f"{BOT}{act}/").status_code == 405
    assert Credential.objects.exists()
    assert browser_of(cast.alice).post(f"{BOT}{act}/", DATA).status_code == 302


def test_who_may_look(cast: Cast) -> None:
    assert browser_of(cast.rita).get(BOT).status_code == 403
    assert browser_of(cast.charlie).get(BOT).status_code == 404
    assert browser_of(cast.alice).post(BOT).status_code == 405
    assert browser_of(cast.alice).get(BOT).status_code == 200
