"""The page that changes one credential."""

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.credentials import find_secret, set_credential
from projects.models import Credential, CredentialTest
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


def test_a_test_is_asked_for_and_its_part_shows_how_it_went(cast: Cast, bot: Credential) -> None:
    browser = browser_of(cast.alice)

    answer = browser.post(f"{BOT}test/")

    assert answer.status_code == 302
    test = CredentialTest.objects.get()
    assert test.repo_url == DATA["repo_url"]
    part = browser.get(BOT, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<section class="card" id="credential-tests"')
    assert "A test is running." in part
    CredentialTest.objects.update(phase="Failed", said="<b>403</b> from the host", remedy="Make a new token")
    part = browser.get(BOT, headers={"HX-Request": "true"}).content.decode()
    assert "&lt;b&gt;403&lt;/b&gt; from the host" in part
    assert "Make a new token" in part
    assert "Failed" in browser.get("/p/shop/settings/credentials/").content.decode()


def test_a_test_goes_to_no_other_address(cast: Cast, bot: Credential) -> None:
    answer = browser_of(cast.alice).post(f"{BOT}test/", {"repo_url": "https://evil.example/a.git"})

    assert answer.status_code == 409
    assert "This credential is not for" in answer.content.decode()
    assert not CredentialTest.objects.exists()


def test_the_last_day_is_stored_and_warned_of(cast: Cast, bot: Credential) -> None:
    browser, today = browser_of(cast.alice), timezone.now().date()
    for days, words in ((-1, "It expired"), (0, "It expires soon"), (14, "It expires soon"), (15, "")):
        last = today + timedelta(days=days)
        browser.post(f"{BOT}set/", {**DATA, "expires_on": last.isoformat()})

        page = browser.get(BOT).content.decode()
        assert f'value="{last}"' in page
        assert [text for text in ("It expired", "It expires soon") if text in page] == ([words] if words else [])
        assert ("Expire" in browser.get("/p/shop/settings/credentials/").content.decode()) is bool(words)


def test_the_history_says_who_and_never_what(cast: Cast, bot: Credential) -> None:
    browser = browser_of(cast.alice)
    browser.post(f"{BOT}set/", {**DATA, "password": "brand-new-one"})
    browser.post(f"{BOT}set/", {**DATA, "username": "other"})

    page = browser.get(BOT).content.decode()

    for words in ("stored it", "set a new secret", "changed it and kept the secret"):
        assert words in page
    assert "brand-new-one" not in page


def test_ids_of_an_app_are_shown_again_and_its_key_is_not(cast: Cast) -> None:
    browser = browser_of(cast.alice)
    texts = {"githubAppID": "42", "githubAppInstallationID": "77", "githubAppPrivateKey": "PEM-TEXT\r\nLINE-2"}
    data = {"name": "app", "kind": "git", "repo_url": "https://github.com/acme/a", **texts}

    assert browser.post("/p/shop/settings/add-credential/", data).status_code == 302

    assert find_secret(cast.project, "app")["githubAppPrivateKey"] == "PEM-TEXT\nLINE-2"
    page = browser.get("/p/shop/settings/credentials/app/").content.decode()
    assert 'value="77"' in page
    assert "PEM-TEXT" not in page
    kept = {key: text for key, text in data.items() if key != "githubAppPrivateKey"}
    assert browser.post("/p/shop/settings/credentials/app/set/", kept).status_code == 302


def test_who_may_test(cast: Cast, bot: Credential) -> None:
    assert browser_of(cast.bob).post(f"{BOT}test/").status_code == 403
    assert browser_of(cast.charlie).post(f"{BOT}test/").status_code == 404
    assert browser_of(cast.alice).get(f"{BOT}test/").status_code == 405
    assert not CredentialTest.objects.exists()
