"""The page that changes one member."""

import pytest

from projects.members import read_roles
from projects.models import Role
from tests.cast import Cast, browser_of
from tests.factories import make_stage, make_warehouse

BOB = "/p/shop/settings/members/bob/"


def test_shows_the_roles_as_they_are(cast: Cast) -> None:
    make_stage(cast.project, "dev", warehouse=make_warehouse(cast.project))
    cast.project.members.get(user=cast.bob).grants.update(stages=["dev", "deleted-stage"])

    page = browser_of(cast.alice).get(BOB).content.decode()

    for box in ('name="roles" value="promoter"', 'value="dev"', 'value="deleted-stage"'):
        assert f"{box} " in page.replace(">", " >")
        assert "checked" in page.split(box)[1].split(">")[0]


def test_an_owner_replaces_the_roles(cast: Cast) -> None:
    answer = browser_of(cast.alice).post(f"{BOB}roles/", {"roles": ["maintainer"]})

    assert answer["Location"] == "/p/shop/settings/members/"
    assert read_roles(cast.project.members.get(user=cast.bob)) == {Role.MAINTAINER: []}


def test_an_owner_removes_a_person(cast: Cast) -> None:
    assert browser_of(cast.alice).post(f"{BOB}remove/").status_code == 302

    assert browser_of(cast.bob).get("/p/shop/settings/members/").status_code == 404


@pytest.mark.parametrize("act", ["roles", "remove"])
def test_the_last_owner_stays_and_reads_why(cast: Cast, act: str) -> None:
    answer = browser_of(cast.alice).post(f"/p/shop/settings/members/alice/{act}/", {"roles": ["promoter"]})

    assert answer.status_code == 409
    assert "is the last owner of" in answer.content.decode()
    assert read_roles(cast.project.members.get(user=cast.alice)) == {Role.OWNER: []}


def test_an_unknown_role_is_refused(cast: Cast) -> None:
    assert browser_of(cast.alice).post(f"{BOB}roles/", {"roles": ["emperor"]}).status_code == 422


@pytest.mark.parametrize("act", ["roles", "remove"])
def test_who_may_change(cast: Cast, act: str) -> None:
    assert browser_of(cast.rita).post(f"{BOB}{act}/").status_code == 403
    assert browser_of(cast.charlie).post(f"{BOB}{act}/").status_code == 404
    assert browser_of(cast.alice).get(f"{BOB}{act}/").status_code == 405
    assert browser_of(cast.alice).post(f"{BOB}{act}/").status_code == 302


def test_who_may_look(cast: Cast) -> None:
    assert browser_of(cast.bob).get(BOB).status_code == 403
    assert browser_of(cast.charlie).get(BOB).status_code == 404
    assert browser_of(cast.alice).get("/p/shop/settings/members/charlie/").status_code == 404
    assert browser_of(cast.alice).post(BOB).status_code == 405
