"""The page that says who may do what, and why."""

import pytest
from django.test import Client

from promotions.queries.members import list_stage_names
from tests.cast import Cast, browser_of
from tests.factories import make_stage, make_user, make_warehouse

PAGE = "/p/shop/settings/who-may/"


@pytest.fixture(autouse=True)
def stages(cast: Cast) -> None:
    dev = make_stage(cast.project, "dev", warehouse=make_warehouse(cast.project))
    make_stage(cast.project, "prod", upstream=dev)
    cast.project.members.get(user=cast.bob).grants.update(stages=["dev"])


def ask(browser: Client, person: str, action: str, stage: str = "") -> str:
    return browser.get(PAGE, {"person": person, "action": action, "stage": stage}).content.decode()


def test_yes_names_the_role_that_allows_it(cast: Cast) -> None:
    page = ask(browser_of(cast.alice), "bob", "PROMOTE", "dev")

    assert "Yes. bob is Promoter for dev." in page


def test_no_names_the_rule_and_who_can_change_it(cast: Cast) -> None:
    page = ask(browser_of(cast.alice), "bob", "PROMOTE", "prod")

    assert "No. It needs the role Promoter or Maintainer or Owner; bob is Promoter for dev." in page
    assert "Who can change that: alice." in page


def test_the_answer_agrees_with_what_happens(cast: Cast) -> None:
    assert "No. " in ask(browser_of(cast.bob), "bob", "MANAGE_MEMBERS")
    assert browser_of(cast.bob).post("/p/shop/settings/add-member/").status_code == 403
    assert "Yes. " in ask(browser_of(cast.alice), "alice", "MANAGE_MEMBERS")


def test_an_administrator_sees_without_being_a_member(cast: Cast) -> None:
    root = browser_of(make_user("root", is_superuser=True))

    assert "Yes. root is a system administrator, who may see every project." in ask(root, "root", "VIEW")
    assert "root is no member." in ask(root, "root", "PROMOTE", "dev")


def test_an_act_on_a_stage_needs_the_stage(cast: Cast) -> None:
    page = ask(browser_of(cast.alice), "bob", "PROMOTE")

    assert "Choose the stage" in page
    assert "Yes. " not in page


def test_members_ask_about_themselves_only(cast: Cast) -> None:
    page = ask(browser_of(cast.rita), "bob", "PROMOTE", "dev")

    assert "Select a valid choice" in page
    assert "Promoter for dev" not in page


def test_every_stage_that_can_be_promoted_to_is_offered(cast: Cast) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert all(f'<option value="{name}">' in page for name in list_stage_names(cast.project))


def test_who_may_read(cast: Cast) -> None:
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.rita).post(PAGE).status_code == 405
