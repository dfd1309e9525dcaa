from datetime import UTC, datetime

import pytest
from django.utils import timezone

from freight.aliases import ADJECTIVES, ANIMALS, random_alias
from freight.assembly import create_freight, freight_name
from freight.errors import ArtifactsDoNotFit
from freight.models import Freight
from freight.subscriptions.base import ArtifactDraft
from projects.actors import controller
from projects.errors import DomainError
from projects.models import AuditEntry
from tests.factories import make_project, make_warehouse

ACTOR = controller("warehouse")
SHA = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "a" * 64
GIT = "https://github.com/example/app.git"
IMAGE = "ghcr.io/example/app"
COMMIT_DRAFT = ArtifactDraft("commit", GIT, commit_id=SHA)
IMAGE_DRAFT = ArtifactDraft("image", IMAGE, tag="v1.2.3", digest=DIGEST)


def make_both(project_name="shop"):
    subscriptions = [{"git": {"repoURL": GIT}}, {"image": {"repoURL": IMAGE}}]
    return make_warehouse(make_project(project_name), subscriptions=subscriptions)


@pytest.mark.parametrize(
    ("drafts", "name"),
    [
        pytest.param([COMMIT_DRAFT, IMAGE_DRAFT], "2bee3f4304453eb021037d435a35c24f0cc9f6fe", id="both"),
        pytest.param([IMAGE_DRAFT, COMMIT_DRAFT], "2bee3f4304453eb021037d435a35c24f0cc9f6fe", id="any order"),
        pytest.param(
            [ArtifactDraft("commit", GIT, "src", commit_id=SHA, tag="v1.2.3")],
            "a85a615ae4efbebb74c7a58d7d1ca122d593970b",
            id="tagged commit of a named subscription",
        ),
        pytest.param(
            [ArtifactDraft("chart", "https://charts.example.com", chart_name="app", version="1.0.0")],
            "8ea7ecfea7c7a2e44123d579ce30093afb9b35cb",
            id="chart",
        ),
    ],
)
def test_gives_freight_the_id_kargo_gives_it(drafts, name):
    assert freight_name("main", drafts) == name


def test_what_people_read_is_no_part_of_the_id():
    told = ArtifactDraft("commit", GIT, commit_id=SHA, branch="main", message="Fix", author="Sam <s@example.com>")

    assert freight_name("main", [told]) == freight_name("main", [COMMIT_DRAFT])


def test_the_warehouse_is_part_of_the_id():
    assert freight_name("other", [COMMIT_DRAFT]) != freight_name("main", [COMMIT_DRAFT])


@pytest.mark.django_db
def test_creates_freight_with_artifacts_alias_and_audit_entry():
    warehouse = make_both()
    now = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)

    freight, created = create_freight(warehouse, [COMMIT_DRAFT, IMAGE_DRAFT], actor=ACTOR, now=now)

    assert created
    assert freight.name == "2bee3f4304453eb021037d435a35c24f0cc9f6fe"
    assert freight.discovered_at == now
    assert freight.origin == "Warehouse/main"
    assert [artifact.short_version for artifact in freight.artifacts.all()] == ["0123456", "v1.2.3"]
    adjective, animal = freight.alias.split("-")
    assert adjective in ADJECTIVES
    assert animal in ANIMALS
    entry = AuditEntry.objects.get(action="created")
    assert (entry.target_name, entry.actor_name) == (freight.alias, "warehouse")
    assert entry.facts["name"] == freight.name


@pytest.mark.django_db
def test_the_same_artifacts_are_the_same_freight():
    warehouse = make_both()
    first, _ = create_freight(warehouse, [COMMIT_DRAFT, IMAGE_DRAFT], actor=ACTOR, now=timezone.now())

    second, created = create_freight(warehouse, [IMAGE_DRAFT, COMMIT_DRAFT], actor=ACTOR, now=timezone.now())

    assert not created
    assert second == first
    assert AuditEntry.objects.filter(action="created").count() == 1


@pytest.mark.django_db
def test_a_tag_pushed_again_is_new_freight():
    warehouse = make_both()
    create_freight(warehouse, [COMMIT_DRAFT, IMAGE_DRAFT], actor=ACTOR, now=timezone.now())
    pushed_again = ArtifactDraft("image", IMAGE, tag="v1.2.3", digest="sha256:" + "b" * 64)

    _, created = create_freight(warehouse, [COMMIT_DRAFT, pushed_again], actor=ACTOR, now=timezone.now())

    assert created
    assert Freight.objects.count() == 2


@pytest.mark.django_db
def test_a_wished_alias_that_is_taken_is_refused():
    warehouse = make_both()
    create_freight(warehouse, [COMMIT_DRAFT, IMAGE_DRAFT], actor=ACTOR, now=timezone.now(), alias="wise-owl")
    other = ArtifactDraft("image", IMAGE, tag="v2", digest=DIGEST)

    with pytest.raises(DomainError, match='alias "wise-owl" is taken in project "shop"'):
        create_freight(warehouse, [COMMIT_DRAFT, other], actor=ACTOR, now=timezone.now(), alias="wise-owl")

    assert Freight.objects.count() == 1


@pytest.mark.django_db
def test_two_projects_may_use_one_alias():
    for project_name in ("shop", "bank"):
        drafts = [COMMIT_DRAFT, IMAGE_DRAFT]
        create_freight(make_both(project_name), drafts, actor=ACTOR, now=timezone.now(), alias="wise-owl")

    assert Freight.objects.filter(alias="wise-owl").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("drafts", "problem"),
    [
        pytest.param([], "it holds no artifact", id="nothing"),
        pytest.param([COMMIT_DRAFT], f'no artifact found for the subscription to image "{IMAGE}"', id="missing"),
        pytest.param(
            [COMMIT_DRAFT, IMAGE_DRAFT, ArtifactDraft("image", "ghcr.io/example/other", tag="1")],
            'no subscription to image "ghcr.io/example/other" found',
            id="extra",
        ),
        pytest.param([COMMIT_DRAFT, IMAGE_DRAFT, IMAGE_DRAFT], "2 artifacts given", id="twice"),
        pytest.param(
            [COMMIT_DRAFT, ArtifactDraft("image", "GHCR.io/example/app", tag="1")],
            'no subscription to image "GHCR.io/example/app" found',
            id="images are compared by exact text",
        ),
    ],
)
def test_refuses_artifacts_that_do_not_fit_the_subscriptions(drafts, problem):
    with pytest.raises(ArtifactsDoNotFit) as refusal:
        create_freight(make_both(), drafts, actor=ACTOR, now=timezone.now())

    assert problem in refusal.value.message


@pytest.mark.django_db
def test_compares_git_urls_by_their_normal_form():
    drafts = [ArtifactDraft("commit", "https://GitHub.com/example/app", commit_id=SHA), IMAGE_DRAFT]

    _, created = create_freight(make_both(), drafts, actor=ACTOR, now=timezone.now())

    assert created


def test_has_enough_words_and_none_twice():
    assert len(set(ADJECTIVES)) == len(ADJECTIVES) >= 100
    assert len(set(ANIMALS)) == len(ANIMALS) >= 100


def test_aliases_differ():
    assert len({random_alias() for _ in range(50)}) > 40
