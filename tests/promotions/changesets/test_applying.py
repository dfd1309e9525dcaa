from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from freight.models import Warehouse
from projects.actors import OPERATOR
from projects.documents import SourceText
from projects.errors import StaleVersion
from projects.models import AuditEntry, Member, Project
from promotions.changesets import ChangesRefused, apply_changes, plan_changes
from promotions.models import AnalysisTemplate, PromotionTask, Stage
from tests.factories import actor_for, make_project, make_stage, make_user, make_warehouse

pytestmark = pytest.mark.django_db

NOW = timezone.now()
STAGE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {{name: {name}, namespace: shop}}
spec:
  requestedFreight:
  - origin: {{kind: Warehouse, name: main}}
    sources: {{{sources}}}
"""


def stage(name="dev", sources="direct: true", more=""):
    return STAGE.format(name=name, sources=sources) + more


def plan(*texts, scope=None):
    return plan_changes([SourceText("f.yaml", "---\n".join(texts))], scope=scope)


def apply(*texts, actor=OPERATOR, now=NOW):
    change_set = plan(*texts)
    apply_changes(actor, change_set, now=now)
    return [str(change) for change in change_set.changes]


def test_creates_a_whole_project(bakery):
    change_set = plan_changes([bakery])
    apply_changes(OPERATOR, change_set, now=NOW)

    assert [str(change) for change in change_set.changes] == [
        "project/bakery created",
        "warehouse/bakery/flour created",
        "analysistemplate/bakery/crust created",
        "promotiontask/bakery/bake created",
        "stage/bakery/kitchen created",
        "stage/bakery/tasting created",
        "stage/bakery/panel-a created",
        "stage/bakery/panel-b created",
        "stage/bakery/shops created",
        "stage/bakery/shop-east created",
        "stage/bakery/shop-north created",
        "stage/bakery/shop-west created",
    ]
    project = Project.objects.get(name="bakery")
    assert project.annotations == {"example.com/wave": "-1"}
    assert project.stages.count() == 8
    assert PromotionTask.objects.get(project=project).spec["steps"][2]["as"] == "bump"
    assert AnalysisTemplate.objects.get(project=project).spec["metrics"][0]["count"] == 5


def test_applying_again_changes_nothing_and_writes_nothing(bakery):
    apply_changes(OPERATOR, plan_changes([bakery]), now=NOW)
    before = list(Stage.objects.values())
    change_set = plan_changes([bakery])

    with CaptureQueriesContext(
        connection,
    ) as queries:
        apply_changes(OPERATOR, change_set, now=NOW + timedelta(hours=1))

    assert {str(change.action) for change in change_set.changes} == {"unchanged"}
    assert change_set.is_empty
    assert len(queries) == 0
    assert list(Stage.objects.values()) == before


def test_formatting_and_comments_alone_are_no_change(bakery):
    apply_changes(OPERATOR, plan_changes([bakery]), now=NOW)
    reformatted = bakery.text.replace(
        "  - origin: {kind: Warehouse, name: flour}", "  # new\n  - origin: {name: flour, kind: 'Warehouse'}"
    )

    assert plan_changes([SourceText("other.yaml", reformatted)]).is_empty


def test_a_project_may_come_after_what_is_in_it():
    lines = apply(stage(), "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n")

    assert lines == ["stage/shop/dev created", "project/shop created"]


def test_defaults_are_filled_in_and_the_source_is_kept():
    make_warehouse(make_project())
    apply("# why\n" + stage())

    row = Stage.objects.get()
    assert row.spec["requestedFreight"][0]["sources"] == {
        "direct": True,
        "stages": [],
        "availabilityStrategy": "OneOf",
    }
    assert row.source.startswith("# why\n")
    assert row.is_control_flow


def test_an_update_shows_a_diff_raises_the_generation_and_is_audited():
    make_warehouse(make_project())
    apply(stage())
    changed = plan(stage(more="  vars: [{name: x, value: '1'}]\n"))

    apply_changes(OPERATOR, changed, now=NOW)

    (change,) = changed.changes
    assert str(change) == "stage/shop/dev updated"
    assert "+  - name: x\n+    value: '1'\n" in change.diff
    assert Stage.objects.get().generation == 2
    entry = AuditEntry.objects.first()
    assert (entry.action, entry.target_kind, entry.target_name) == ("updated", "Stage", "dev")
    assert entry.facts["changed"] == ["spec"]
    assert entry.actor_name == OPERATOR.name


def test_a_change_of_labels_alone_keeps_the_generation():
    make_warehouse(make_project())
    apply(stage())

    lines = apply(stage().replace("namespace: shop}", "namespace: shop, labels: {tier: one}}"))

    assert lines == ["stage/shop/dev updated"]
    row = Stage.objects.get()
    assert (row.labels, row.generation) == ({"tier": "one"}, 1)


def test_changed_stages_and_warehouses_are_due_at_once(bakery):
    apply_changes(OPERATOR, plan_changes([bakery]), now=NOW)
    Stage.objects.update(due_at=None)
    Warehouse.objects.update(due_at=None)
    text = bakery.text.replace("      value: rye", "      value: wheat").replace(
        "branch: main\n---", "branch: next\n---"
    )

    apply_changes(OPERATOR, plan_changes([SourceText("f.yaml", text)]), now=NOW)

    assert list(Stage.objects.filter(due_at=NOW).values_list("name", flat=True)) == ["panel-a"]
    assert Warehouse.objects.get().due_at == NOW


def test_wake_ups_are_sent_after_the_commit(bakery, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        apply_changes(OPERATOR, plan_changes([bakery]), now=NOW)

    assert len(callbacks) == 1 + 8


def test_subscriptions_of_a_changed_warehouse_are_written_anew(bakery):
    apply_changes(OPERATOR, plan_changes([bakery]), now=NOW)
    warehouse = Warehouse.objects.get()
    assert [(s.kind, s.repo_url) for s in warehouse.subscriptions.all()] == [
        ("image", "registry.example.com/bakery/oven"),
        ("git", "https://git.example.com/bakery/config.git"),
    ]
    warehouse.subscriptions.update(found=[{"tag": "1.0.0"}])
    text = bakery.text.replace("      branch: main\n", "      branch: next\n")

    apply_changes(OPERATOR, plan_changes([SourceText("f.yaml", text)]), now=NOW)

    assert [s.found for s in warehouse.subscriptions.all()] == [[], []]
    assert Warehouse.objects.get().generation == 2


def test_what_was_found_stays_when_the_subscriptions_do():
    make_project()
    head = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: main, namespace: shop}\n"
    body = "spec: {subscriptions: [{image: {repoURL: x/y}}], interval: %s}\n"
    apply(head + body % "5m")
    Warehouse.objects.get().subscriptions.update(found=[{"tag": "1.0.0"}])

    apply(head + body % "10m")

    assert [s.found for s in Warehouse.objects.get().subscriptions.all()] == [[{"tag": "1.0.0"}]]


def test_stages_get_codes_of_their_own_and_places_on_the_map(bakery):
    apply_changes(OPERATOR, plan_changes([bakery]), now=NOW)

    stages = {row.name: row for row in Stage.objects.all()}
    assert stages["shop-east"].code == "SEA"
    assert len({row.code for row in stages.values()}) == 8
    assert [stages[n].column for n in ("kitchen", "tasting", "panel-a", "panel-b", "shops", "shop-west")] == [
        1,
        2,
        3,
        3,
        4,
        5,
    ]
    assert stages["shop-west"].depth == 6
    assert len({(row.column, row.row) for row in stages.values()}) == 8


def test_a_stage_put_in_between_moves_those_behind_it_and_keeps_codes():
    make_warehouse(make_project())
    apply(stage("test"), stage("prod", "stages: [test]"))
    codes = dict(Stage.objects.values_list("name", "code"))

    apply(stage("uat", "stages: [test]"), stage("prod", "stages: [uat]"))

    places = dict(Stage.objects.values_list("name", "column"))
    assert places == {"test": 1, "uat": 2, "prod": 3}
    assert codes.items() <= dict(Stage.objects.values_list("name", "code")).items()


def test_nothing_is_changed_when_anything_is_wrong():
    make_warehouse(make_project())
    change_set = plan(stage(), stage("x", "direct: maybe"))

    with pytest.raises(ChangesRefused) as refusal:
        apply_changes(OPERATOR, change_set, now=NOW)

    assert not Stage.objects.exists()
    assert not AuditEntry.objects.exists()
    assert refusal.value.problems == change_set.errors
    assert "f.yaml:15:23:" in refusal.value.message


def test_a_change_made_meanwhile_stops_the_apply():
    make_warehouse(make_project())
    apply(stage())
    planned = plan(stage(more="  shard: mine\n"), stage("other"))
    apply(stage(more="  shard: theirs\n"))

    with pytest.raises(StaleVersion, match='Stage "dev" was changed by somebody else'):
        apply_changes(OPERATOR, planned, now=NOW)

    assert Stage.objects.get().spec["shard"] == "theirs"


def test_an_object_made_meanwhile_stops_the_apply():
    make_warehouse(make_project())
    planned = plan(stage())
    apply(stage())

    with pytest.raises(StaleVersion):
        apply_changes(OPERATOR, planned, now=NOW)


def test_a_person_who_makes_a_project_owns_it():
    alice = make_user("alice")

    apply("apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n", actor=actor_for(alice))

    member = Member.objects.get()
    assert (member.user, member.project.name) == (alice, "shop")
    assert [grant.role for grant in member.grants.all()] == ["owner"]


def test_a_project_made_on_the_command_line_has_no_members():
    apply("apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n")

    assert not Member.objects.exists()


def test_a_new_policy_makes_all_stages_due():
    project = make_project()
    row = make_stage(project, warehouse=make_warehouse(project))

    apply(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: ProjectConfig\nmetadata: {name: shop, namespace: shop}\n"
        "spec: {promotionPolicies: [{stageSelector: {name: 'glob:*'}, autoPromotionEnabled: true}]}\n"
    )

    row.refresh_from_db()
    assert row.due_at == NOW
    assert project.config.spec["promotionPolicies"][0]["autoPromotionEnabled"] is True


def test_shared_tasks_belong_to_no_project():
    lines = apply(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: ClusterPromotionTask\nmetadata: {name: t}\n"
        "spec: {steps: [{uses: fail, config: {message: m}}]}\n"
    )

    assert lines == ["clusterpromotiontask/t created"]
    assert PromotionTask.objects.get().project is None
