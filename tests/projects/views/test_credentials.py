"""The page of a project's credentials."""

import pytest
from django.utils import timezone

from projects.credentials import find_secret, set_credential
from projects.models import Credential
from tests.cast import Cast, browser_of
from tests.factories import actor_for

PAGE = "/p/shop/settings/credentials/"
ADD = "/p/shop/settings/add-credential/"
BOT = {"name": "bot", "kind": "git", "repo_url": "https://git.example.com/a.git", "username": "robot"}
SECRET = "s3cret-value"


@pytest.fixture
def bot(cast: Cast) -> Credential:
    return set_credential(
        actor_for(cast.alice),
        project=cast.project,
        **BOT,
        secrets={"password": SECRET},
        now=timezone.now(),
    )


def test_an_owner_adds_one_and_nobody_reads_it_back(cast: Cast) -> None:
    browser = browser_of(cast.alice)

    answer = browser.post(ADD, {**BOT, "password": SECRET})

    assert answer.status_code == 302
    assert find_secret(cast.project, "bot")["password"] == SECRET
    for address in (PAGE, f"{PAGE}bot/"):
        page = browser.get(address).content.decode()
        assert BOT["repo_url"] in page
        assert SECRET not in page
    assert SECRET not in browser.get("/p/shop/audit/").content.decode()


def test_members_see_names_but_no_addresses(cast: Cast, bot: Credential) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "bot" in page
    assert "alice" in page
    assert BOT["repo_url"] not in page
    assert "robot" not in page
    assert "It needs the role Owner." in page


def test_a_name_that_exists_is_not_replaced_by_adding(cast: Cast, bot: Credential) -> None:
    answer = browser_of(cast.alice).post(ADD, {**BOT, "password": "other"})

    assert answer.status_code == 422
    assert "There is a credential of this name." in answer.content.decode()
    assert find_secret(cast.project, "bot")["password"] == SECRET


def test_what_the_domain_refuses_stands_at_the_form_without_the_secret(cast: Cast) -> None:
    data = {**BOT, "name": "Not Good", "password": SECRET, "ssh_private_key": f"{SECRET}-key"}

    answer = browser_of(cast.alice).post(ADD, data)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "cannot be the name of a credential" in page
    assert 'value="Not Good"' in page
    assert SECRET not in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"kind": "git", "values": "a=b"}, "Only a generic secret has values"),
        ({"kind": "generic", "password": "x"}, "A generic secret keeps this as a value"),
        ({"kind": "generic", "values": "a=b\nsecond line"}, "Line 2 is not key=value."),
        ({"kind": "ftp", "password": "x"}, "Select a valid choice"),
    ],
)
def test_a_secret_in_the_wrong_field_is_not_thrown_away(cast: Cast, data: dict[str, str], words: str) -> None:
    answer = browser_of(cast.alice).post(ADD, {**BOT, **data})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Credential.objects.exists()


def test_a_generic_secret_keeps_all_its_values(cast: Cast) -> None:
    data = {"name": "hook", "kind": "generic", "values": "token=a=b\r\n\r\nchannel = #ops"}

    browser_of(cast.alice).post(ADD, data)

    assert find_secret(cast.project, "hook") == {"token": "a=b", "channel": "#ops"}


def test_an_ssh_key_gets_the_line_ends_ssh_needs(cast: Cast) -> None:
    key = "-----BEGIN KEY-----\r\nabc\r\n-----END KEY-----"
    data = {"name": "deploy", "kind": "git", "repo_url": "git@git.example.com:a.git", "ssh_private_key": key}

    browser_of(cast.alice).post(ADD, data)

    assert find_secret(cast.project, "deploy")["sshPrivateKey"] == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"


def test_who_may_add(cast: Cast) -> None:
    data = {**BOT, "password": "x"}

    assert browser_of(cast.bob).post(ADD, data).status_code == 403
    assert browser_of(cast.charlie).post(ADD, data).status_code == 404
    assert browser_of(cast.alice).get(ADD).status_code == 405
    assert not Credential.objects.exists()
    assert browser_of(cast.alice).post(ADD, data).status_code == 302


def test_who_may_look(cast: Cast) -> None:
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.alice).post(PAGE).status_code == 405
