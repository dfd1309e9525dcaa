"""New projects by manifests."""

import pytest
from django.test import Client

from projects.models import Member, Project, Role
from promotions.models import PromotionTask
from tests.cast import Cast, browser_of
from tests.factories import make_user

PAGE = "/manifests/"
PROJECT = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata:\n  name: fresh\n"
SHARED = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: ClusterPromotionTask
metadata: {name: notify}
spec:
  steps:
  - uses: fail
"""


@pytest.fixture
def root(cast: Cast) -> Client:
    return browser_of(make_user("root", is_superuser=True))


def send(browser: Client, text: str) -> int:
    looked = browser.post(f"{PAGE}preview/", {"text": text})
    digest = looked.context["form"]["digest"].value()
    return browser.post(f"{PAGE}apply/", {"text": text, "digest": digest}).status_code


def test_who_makes_a_project_owns_it(root: Client) -> None:
    assert send(root, PROJECT) == 302

    member = Member.objects.get(project=Project.objects.get(name="fresh"))
    assert member.user.username == "root"
    assert [grant.role for grant in member.grants.all()] == [Role.OWNER]


def test_the_form_starts_with_the_smallest_project(root: Client) -> None:
    example = root.get(PAGE).context["form"]["text"].value()

    assert [change.name for change in root.post(f"{PAGE}preview/", {"text": example}).context["preview"].changes] == [
        "my-project"
    ]


def test_what_all_projects_share_is_changed_here(root: Client) -> None:
    assert send(root, SHARED) == 302

    assert PromotionTask.objects.get().project is None


def test_a_project_of_others_is_not_changed_here(root: Client, cast: Cast) -> None:
    text = PROJECT.replace("fresh", "shop\n  annotations: {kargo.akuity.io/description: mine now}")

    assert send(root, text) == 403

    assert Project.objects.get(name="shop").description == ""


@pytest.mark.parametrize("act", ["", "preview/", "apply/"])
def test_only_administrators(cast: Cast, root: Client, act: str) -> None:
    owner = browser_of(cast.alice)

    answer = owner.post(f"{PAGE}{act}", {"text": PROJECT}) if act else owner.get(PAGE)

    assert answer.status_code == 403
    assert "Only a system administrator may create projects. Ask: root." in answer.content.decode()
    wrong_method = root.get(f"{PAGE}{act}") if act else root.post(PAGE)
    assert wrong_method.status_code == 405
    assert not Project.objects.filter(name="fresh").exists()
