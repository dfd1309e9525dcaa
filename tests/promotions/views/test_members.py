"""The page of a project's members."""

import pytest

from projects.members import read_roles
from projects.models import Role
from tests.cast import Cast, browser_of
from tests.factories import make_stage, make_warehouse

PAGE = "/p/shop/settings/members/"
ADD = "/p/shop/settings/add-member/"


@pytest.fixture
def stages(cast: Cast) -> None:
    warehouse = make_warehouse(cast.project)
    dev = make_stage(cast.project, "dev", warehouse=warehouse)
    make_stage(cast.project, "prod", upstream=dev)
    make_stage(cast.project, "fan-out", upstream=dev, steps=[])


def test_every_member_reads_roles_in_sentences(cast: Cast) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "may promote and abort in all stages" in page
    assert "Add a person" not in page
    assert "It needs the role Owner. Ask: alice." in page


def test_an_owner_is_offered_the_stages_that_can_be_promoted_to(cast: Cast, stages: None) -> None:
    page = browser_of(cast.alice).get(PAGE).content.decode()

    assert 'name="promoter_stages" value="prod"' in page
    assert "fan-out" not in page


def test_an_owner_adds_a_person_for_some_stages(cast: Cast, stages: None) -> None:
    data = {"username": "charlie", "roles": ["promoter", "approver"], "promoter_stages": ["dev"]}

    answer = browser_of(cast.alice).post(ADD, data)

    assert answer.status_code == 302
    member = cast.project.members.get(user=cast.charlie)
    assert read_roles(member) == {Role.PROMOTER: ["dev"], Role.APPROVER: []}
    assert "may promote and abort in dev," in browser_of(cast.charlie).get(PAGE).content.decode()


def test_a_limit_without_its_role_is_refused_and_stays_in_the_form(cast: Cast, stages: None) -> None:
    data = {"username": "charlie", "promoter_stages": ["dev"]}

    answer = browser_of(cast.alice).post(ADD, data)

    assert answer.status_code == 422
    assert "Tick the role Promoter, or untick these stages." in answer.content.decode()
    assert 'value="charlie"' in answer.content.decode()
    assert not cast.project.members.filter(user=cast.charlie).exists()


def test_an_unknown_name_is_refused_at_the_form(cast: Cast) -> None:
    answer = browser_of(cast.alice).post(ADD, {"username": "nobody"})

    assert answer.status_code == 409
    assert "There is no account &quot;nobody&quot;" in answer.content.decode()


def test_who_may_add(cast: Cast) -> None:
    data = {"username": "charlie"}

    assert browser_of(cast.bob).post(ADD, data).status_code == 403
    assert browser_of(cast.charlie).post(ADD, data).status_code == 404
    assert browser_of(cast.alice).get(ADD).status_code == 405
    assert browser_of(cast.alice).post(ADD, data).status_code == 302


def test_strangers_are_told_nothing(cast: Cast) -> None:
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.alice).post(PAGE).status_code == 405
