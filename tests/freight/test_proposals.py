"""From what was found to freight: join rules and quiet periods in a warehouse's pass."""

from datetime import timedelta

import pytest
from django.utils import timezone

from freight.joins import JOIN_ANNOTATION, QUIET_ANNOTATION, REVISION_KEY
from freight.models import Freight, Warehouse
from tests.factories import make_project, make_warehouse

pytestmark = pytest.mark.django_db


def test_an_image_of_another_commit_never_forms_freight(git, oci, check):
    git.create("app", {"readme": "hello"})
    oci.push_image("app", "1.0.0", annotations={REVISION_KEY: git.head("app")})
    subscriptions = [{"git": {"repoURL": git.url("app")}}, {"image": {"repoURL": f"{oci.host}/app"}}]
    warehouse = check(
        make_warehouse(make_project(), subscriptions=subscriptions, annotations={JOIN_ANNOTATION: "revision"})
    )
    first = git.head("app")
    git.commit("app", {"readme": "bye"}, message="Say bye")

    warehouse = check(warehouse)

    assert [freight.artifacts.get(kind="commit").commit_id for freight in Freight.objects.all()] == [first]
    assert warehouse.phase == "Ready"
    assert [one["text"] for one in warehouse.waiting] == [f"no image built from {git.head('app')[:7]} yet"]

    oci.push_image("app", "1.1.0", annotations={REVISION_KEY: git.head("app")})
    warehouse = check(warehouse)

    newest = Freight.objects.first()
    assert (newest.artifacts.get(kind="commit").message, newest.artifacts.get(kind="image").tag) == (
        "Say bye",
        "1.1.0",
    )
    assert (warehouse.waiting, Freight.objects.count()) == ([], 2)


def test_criteria_are_asked_of_the_set_that_joins(oci, check):
    for name, tag in (("api", "1.0.0"), ("api", "1.1.0"), ("web", "1.0.0")):
        oci.push_image(name, tag)
    subscriptions = [{"image": {"repoURL": f"{oci.host}/{name}"}} for name in ("api", "web")]
    spec = {"freightCreationCriteria": {"expression": f"imageFrom('{oci.host}/api').Tag == '1.0.0'"}}

    warehouse = make_warehouse(
        make_project(), subscriptions=subscriptions, spec=spec, annotations={JOIN_ANNOTATION: "tag"}
    )
    check(warehouse)

    assert [artifact.tag for artifact in Freight.objects.get().artifacts.all()] == ["1.0.0", "1.0.0"]


def test_an_expression_decides_what_joins(oci, check):
    for name, tag in (("api", "1.0.0"), ("api", "2.0.0"), ("web", "1.0.0")):
        oci.push_image(name, tag)
    subscriptions = [{"image": {"repoURL": f"{oci.host}/{name}"}} for name in ("api", "web")]
    rule = f'imageFrom("{oci.host}/api").Tag == imageFrom("{oci.host}/web").Tag'

    warehouse = check(
        make_warehouse(make_project(), subscriptions=subscriptions, annotations={JOIN_ANNOTATION: rule})
    )

    assert [artifact.tag for artifact in Freight.objects.get().artifacts.all()] == ["1.0.0", "1.0.0"]
    assert "do not join" in warehouse.waiting[0]["text"]


@pytest.mark.parametrize("rule", ["nonsense", "1 +", 'imageFrom("elsewhere").Tag == "1"'])
def test_a_rule_that_cannot_be_used_makes_no_freight_and_says_so(oci, check, rule):
    oci.push_image("app", "1.0.0")
    subscriptions = [{"image": {"repoURL": f"{oci.host}/app"}}]

    warehouse = check(
        make_warehouse(make_project(), subscriptions=subscriptions, annotations={JOIN_ANNOTATION: rule})
    )

    assert not Freight.objects.exists()
    assert "No freight was made" in warehouse.message


def test_a_set_waits_until_it_has_been_quiet(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = make_warehouse(
        make_project(),
        subscriptions=[{"image": {"repoURL": f"{oci.host}/app"}}],
        annotations={QUIET_ANNOTATION: "2m"},
    )

    waiting = check(warehouse)

    assert not Freight.objects.exists()
    assert "quiet period" in waiting.waiting[0]["text"]
    assert waiting.due_at - waiting.proposed_since == timedelta(minutes=2)

    oci.push_image("app", "1.1.0")
    Warehouse.objects.update(proposed_since=timezone.now() - timedelta(minutes=3))
    assert check(warehouse).waiting, "the set is another one, so the period begins anew"
    assert not Freight.objects.exists()

    Warehouse.objects.update(proposed_since=timezone.now() - timedelta(minutes=3))
    assert check(warehouse).waiting == []
    assert Freight.objects.get().artifacts.get().tag == "1.1.0"


def test_what_rules_leave_out_is_counted_in_full(oci, check):
    for number in range(205):
        oci.push_image("app", f"nightly-{number}")
    oci.push_image("app", "1.0.0")

    check(make_warehouse(make_project(), subscriptions=[{"image": {"repoURL": f"{oci.host}/app"}}]))

    row = Warehouse.objects.get().subscriptions.get()
    assert (len(row.ignored), row.ignored_by_rule) == (200, [["not a semantic version", 205]])
