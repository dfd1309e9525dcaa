import pytest
from django.utils import timezone

from projects.access import Action
from projects.actors import OPERATOR
from projects.documents import SourceText
from promotions.changesets import RequiredRight, apply_changes, plan_changes, required_rights
from promotions.models import PromotionTask
from tests.factories import make_project, make_stage, make_warehouse

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


def test_an_unknown_project_is_an_error_with_a_guess():
    make_project("shops")

    (error,) = plan(stage()).errors

    assert error.message == 'Project "shop" does not exist.'
    assert 'Did you mean "shops"?' in error.hint


def test_references_are_looked_up_among_what_is_stored():
    project = make_project()
    make_stage(project, "test", warehouse=make_warehouse(project))
    PromotionTask.objects.create(
        project=project, name="publish", spec={"vars": [{"name": "repo"}], "steps": [{"uses": "fail"}]}
    )

    good = plan(stage("prod", "stages: [test]"))
    bad = plan(stage("prod", "stages: [test]", "  promotionTemplate: {spec: {steps: [{task: {name: publish}}]}}\n"))

    assert (good.errors, good.warnings) == ((), ())
    assert [error.message for error in bad.errors] == [
        'Stage "prod", steps[0]: missing value for variable "repo" of PromotionTask "publish".'
    ]


def test_a_cycle_through_a_stored_stage_is_found():
    make_warehouse(make_project())
    apply(stage("a"), stage("b", "stages: [a]"))

    (error,) = plan(stage("a", "stages: [b]")).errors

    assert "a -> b -> a" in error.message


def test_a_task_that_asks_for_more_names_the_stored_stages_that_do_not_give_it():
    project = make_project()
    steps = [{"task": {"name": "publish"}}]
    make_stage(project, "test", warehouse=make_warehouse(project), steps=steps)
    task = (
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: PromotionTask\nmetadata: {name: publish, namespace: shop}\n"
        "spec: {vars: [{name: repo}], steps: [{uses: fail, config: {message: '${{ vars.repo }}'}}]}\n"
    )

    change_set = plan(task)

    assert change_set.errors == ()
    assert [warning.message for warning in change_set.warnings] == [
        'Stage "test", steps[0], gives no value for variable "repo" of this task.'
    ]


def test_rights_are_those_of_what_changes():
    make_warehouse(make_project())
    apply(stage("old"))
    config = "apiVersion: kargo.akuity.io/v1alpha1\nkind: ProjectConfig\nmetadata: {name: shop, namespace: shop}\n"
    shared = (
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: ClusterPromotionTask\nmetadata: {name: t}\n"
        "spec: {steps: [{uses: fail, config: {message: m}}]}\n"
    )
    project = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: new}\n"

    assert required_rights(plan(stage("old"))) == ()
    assert required_rights(plan(stage("old"), stage("dev"))) == (RequiredRight("shop", Action.EDIT),)
    assert required_rights(plan(config)) == (RequiredRight("shop", Action.CONFIGURE),)
    assert required_rights(plan(shared)) == (RequiredRight("", None),)
    assert required_rights(plan(project, stage().replace("namespace: shop", "namespace: new"))) == (
        RequiredRight("new", None),
    )


def test_a_scope_keeps_changes_inside_one_project():
    make_warehouse(make_project("shop"))
    make_warehouse(make_project("other"))

    inside = plan(stage().replace(", namespace: shop", ""), scope="shop")
    outside = plan(stage(), scope="other")

    assert [str(change) for change in inside.changes] == ["stage/shop/dev created"]
    assert [error.message for error in outside.errors] == ['Stage "dev" belongs to project "shop".']


def test_what_fails_at_run_time_only_may_be_applied_with_a_warning():
    make_warehouse(make_project())
    steps = "  promotionTemplate: {spec: {steps: [{uses: fail, if: 'true', config: {message: '${{ lenn(1) }}'}}]}}\n"

    change_set = plan(stage(more=steps))

    assert change_set.errors == ()
    assert {warning.rule for warning in change_set.warnings} == {"condition-not-evaluated", "unknown-function"}
