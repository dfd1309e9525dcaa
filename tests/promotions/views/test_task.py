"""The page of one promotion task."""

from promotions.models import PromotionTask
from tests.cast import Cast, browser_of
from tests.factories import make_stage, make_warehouse

PAGE = "/p/shop/tasks/push/"
SPEC = {
    "vars": [{"name": "repo"}, {"name": "branch", "value": "main"}],
    "steps": [{"uses": "git-clone", "as": "clone", "config": {"repoURL": "${{ vars.repo }}"}}, {"uses": "git-push"}],
}


def test_shows_variables_steps_users_and_yaml(cast: Cast) -> None:
    PromotionTask.objects.create(project=cast.project, name="push", spec=SPEC, source="# our own words\nkind: x\n")
    warehouse = make_warehouse(cast.project)
    make_stage(cast.project, "uat", warehouse=warehouse, steps=[{"task": {"name": "push"}}])
    other = {"task": {"name": "push", "kind": "ClusterPromotionTask"}}
    make_stage(cast.project, "dev", warehouse=warehouse, steps=[other])

    answer = browser_of(cast.rita).get(PAGE)

    page = answer.content.decode()
    detail = answer.context["task"]
    assert [(v.name, v.value) for v in detail.row.variables] == [("repo", None), ("branch", "main")]
    assert [(s.alias, s.uses) for s in detail.steps] == [("clone", "git-clone"), ("step-2", "git-push")]
    assert "repoURL: ${{ vars.repo }}" in detail.steps[0].settings
    assert [stage.name for stage in detail.row.stages] == ["uat"]
    assert "# our own words" in page
    assert "required: the stage gives it" in page


def test_a_task_without_a_source_is_shown_as_it_would_be_written(cast: Cast) -> None:
    PromotionTask.objects.create(project=cast.project, name="push", spec=SPEC)

    source = browser_of(cast.rita).get(PAGE).context["task"].source

    assert source.startswith("apiVersion: kargo.akuity.io/v1alpha1\nkind: PromotionTask\n")


def test_a_shared_task_has_its_own_address(cast: Cast) -> None:
    PromotionTask.objects.create(project=None, name="push", spec=SPEC)
    browser = browser_of(cast.rita)

    assert browser.get(PAGE).status_code == 404
    assert "shared by all projects" in browser.get(f"{PAGE}?shared=1").content.decode()


def test_who_may_read(cast: Cast) -> None:
    PromotionTask.objects.create(project=cast.project, name="push", spec=SPEC)

    assert browser_of(cast.rita).get(PAGE).status_code == 200
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.alice).post(PAGE).status_code == 405
