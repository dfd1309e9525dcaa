"""Who may do what in a project."""

import pytest
from django.contrib.auth.models import AnonymousUser

from projects.access import ROLES_WITH, Action, Rights, authorize, get_project_or_404
from projects.errors import ObjectNotFound, PermissionRefused
from projects.models import Role
from tests.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db

TABLE = {
    "viewer": "see",
    "promoter": "see promote abort retry order refresh rename assemble",
    "approver": "see vote",
    "maintainer": "see promote abort retry order hold refresh rename assemble drop edit",
    "owner": "see promote abort retry order hold refresh rename assemble drop edit "
    "bypass configure members credentials delete",
}
SHORT = {
    "see": Action.VIEW,
    "promote": Action.PROMOTE,
    "abort": Action.ABORT,
    "retry": Action.RETRY,
    "order": Action.ORDER_QUEUE,
    "hold": Action.HOLD,
    "refresh": Action.REFRESH,
    "rename": Action.RENAME_FREIGHT,
    "assemble": Action.ASSEMBLE,
    "drop": Action.DELETE_FREIGHT,
    "vote": Action.VOTE,
    "edit": Action.EDIT,
    "bypass": Action.BYPASS,
    "configure": Action.CONFIGURE,
    "members": Action.MANAGE_MEMBERS,
    "credentials": Action.MANAGE_CREDENTIALS,
    "delete": Action.DELETE_PROJECT,
}


@pytest.fixture
def project():
    return make_project()


@pytest.mark.parametrize("role", list(TABLE))
def test_each_role_may_do_what_the_table_says_and_no_more(project, role):
    person = make_user("pat")
    make_member(project, person, role)

    rights = Rights(person, project)

    allowed = {action for action in Action if rights.allows(action, "uat")}
    assert allowed == {SHORT[word] for word in TABLE[role].split()}


def test_the_table_of_this_test_knows_every_action_and_role():
    assert set(SHORT.values()) == set(Action) == set(ROLES_WITH)
    assert set(TABLE) == set(Role.values)


def test_several_roles_add_up(project):
    person = make_user("pat")
    make_member(project, person, "approver")
    make_member(project, person, "promoter", stages=["dev"])

    rights = Rights(person, project)

    assert rights.allows(Action.VOTE, "uat")
    assert rights.allows(Action.PROMOTE, "dev")
    assert not rights.allows(Action.PROMOTE, "uat")
    assert not rights.allows(Action.EDIT, "dev")


def test_a_stranger_does_not_learn_that_the_project_exists(project):
    stranger = make_user("charlie")

    with pytest.raises(ObjectNotFound) as there:
        get_project_or_404(stranger, "shop", Action.VIEW)
    with pytest.raises(ObjectNotFound) as nowhere:
        get_project_or_404(stranger, "nowhere", Action.VIEW)

    assert str(there.value).replace("shop", "nowhere") == str(nowhere.value)


@pytest.mark.parametrize("kind", ["anonymous", "inactive"])
def test_nobody_and_people_switched_off_see_nothing(project, kind):
    person = AnonymousUser()
    if kind == "inactive":
        person = make_user("pat", is_active=False)
        make_member(project, person, "owner")

    with pytest.raises(ObjectNotFound):
        authorize(person, Action.VIEW, project)


def test_a_member_without_the_right_is_told_who_can_help(project):
    make_member(project, "alice", "owner")
    rita = make_user("rita")
    make_member(project, rita, "viewer")

    with pytest.raises(PermissionRefused) as refusal:
        authorize(rita, Action.PROMOTE, project, stage="uat")

    assert str(refusal.value) == (
        "You are Viewer and may not promote to this stage. "
        "It needs the role Promoter or Maintainer or Owner. Ask: alice."
    )


def test_a_role_limited_to_other_stages_says_so(project):
    bob = make_user("bob")
    make_member(project, bob, "promoter", stages=["dev"])

    refusal = Rights(bob, project).refusal(Action.PROMOTE, "uat")

    assert '(your role is limited to other stages than "uat")' in refusal
    assert "Ask: a system administrator." in refusal
    assert Rights(bob, project).refusal(Action.PROMOTE, "dev") == ""


def test_system_administrators_see_every_project_and_act_in_none(project):
    admin = make_user("root", is_superuser=True)

    assert get_project_or_404(admin, "shop", Action.VIEW) == project
    with pytest.raises(PermissionRefused):
        authorize(admin, Action.PROMOTE, project, stage="uat")


def test_roles_of_one_project_open_nothing_in_another(project):
    alice = make_user("alice")
    make_member(make_project("other"), alice, "owner")

    with pytest.raises(ObjectNotFound):
        authorize(alice, Action.VIEW, project)


def test_a_member_without_any_grant_may_look(project):
    person = make_user("pat")
    project.members.create(user=person)

    assert authorize(person, Action.VIEW, project).allows(Action.VIEW)
    assert not Rights(person, project).allows(Action.REFRESH)


def test_asking_often_costs_no_more_queries(project, django_assert_num_queries):
    person = make_user("pat")
    make_member(project, person, "owner")
    rights = Rights(person, project)

    with django_assert_num_queries(0):
        assert all(rights.allows(Action.PROMOTE, f"s{number}") for number in range(50))


def test_a_limit_to_stages_does_not_touch_what_is_not_done_to_a_stage():
    project = make_project()
    member = make_member(project, "pat", "promoter", stages=["dev"])

    rights = Rights(member.user, project)

    assert rights.allows(Action.PROMOTE, "dev")
    assert not rights.allows(Action.PROMOTE, "prod")
    assert rights.allows(Action.REFRESH)
    assert rights.allows(Action.RENAME_FREIGHT)
