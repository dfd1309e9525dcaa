"""Adding, changing and removing members."""

import pytest
from django.utils import timezone

from projects.errors import DomainError
from projects.members import add_member, read_roles, remove_member, set_roles
from projects.models import AuditEntry, Role
from tests.cast import Cast, make_cast
from tests.factories import actor_for, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_adds_a_person_with_roles_and_writes_it_down(cast: Cast) -> None:
    roles = {Role.PROMOTER: ["test", "dev"]}

    member = add_member(actor_for(cast.alice), cast.project, username=" charlie ", roles=roles, now=timezone.now())

    assert read_roles(member) == {Role.PROMOTER: ["dev", "test"]}
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target_kind, entry.target_name) == (
        cast.alice,
        "added",
        "Member",
        "charlie",
    )
    assert entry.facts == {"roles": {"promoter": ["dev", "test"]}}


@pytest.mark.parametrize(
    ("username", "words"),
    [
        ("nobody", 'no account "nobody"'),
        ("bob", '"bob" is a member of "shop" already'),
        ("gone", 'no account "gone"'),
    ],
    ids=["unknown", "member already", "disabled account"],
)
def test_refuses_to_add(cast: Cast, username: str, words: str) -> None:
    cast.charlie.username, cast.charlie.is_active = "gone", False
    cast.charlie.save()

    with pytest.raises(DomainError, match=words):
        add_member(actor_for(cast.alice), cast.project, username=username, roles={}, now=timezone.now())

    assert not AuditEntry.objects.exists()
    assert cast.project.members.count() == 3


def test_a_role_for_the_whole_project_cannot_be_limited_to_stages(cast: Cast) -> None:
    with pytest.raises(DomainError, match="The role Maintainer holds for the whole project"):
        add_member(
            actor_for(cast.alice),
            cast.project,
            username="charlie",
            roles={Role.MAINTAINER: ["dev"]},
            now=timezone.now(),
        )


def test_replaces_the_roles_and_tells_what_they_were(cast: Cast) -> None:
    bob = cast.project.members.get(user=cast.bob)

    set_roles(actor_for(cast.alice), bob, roles={Role.APPROVER: []}, now=timezone.now())

    assert read_roles(bob) == {Role.APPROVER: []}
    assert AuditEntry.objects.get().facts == {"before": {"promoter": []}, "roles": {"approver": []}}


def test_the_same_roles_again_are_no_deed(cast: Cast) -> None:
    bob = cast.project.members.get(user=cast.bob)

    set_roles(actor_for(cast.alice), bob, roles={Role.PROMOTER: []}, now=timezone.now())

    assert not AuditEntry.objects.exists()


def test_the_last_owner_can_neither_leave_nor_step_down(cast: Cast) -> None:
    alice = cast.project.members.get(user=cast.alice)

    with pytest.raises(DomainError, match='"alice" is the last owner of "shop"'):
        remove_member(actor_for(cast.alice), alice, now=timezone.now())
    with pytest.raises(DomainError, match="Make somebody else Owner first"):
        set_roles(actor_for(cast.alice), alice, roles={Role.MAINTAINER: []}, now=timezone.now())

    assert read_roles(alice) == {Role.OWNER: []}


def test_an_owner_who_cannot_sign_in_does_not_count(cast: Cast) -> None:
    make_member(cast.project, cast.bob, "owner")
    cast.bob.is_active = False
    cast.bob.save()

    with pytest.raises(DomainError, match="last owner"):
        remove_member(actor_for(cast.alice), cast.project.members.get(user=cast.alice), now=timezone.now())


def test_one_of_two_owners_may_leave(cast: Cast) -> None:
    make_member(cast.project, cast.bob, "owner")

    remove_member(actor_for(cast.alice), cast.project.members.get(user=cast.alice), now=timezone.now())

    assert not cast.project.members.filter(user=cast.alice).exists()
    assert AuditEntry.objects.get().action == "removed"
