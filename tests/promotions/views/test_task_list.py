"""The list of promotion tasks."""

from promotions.models import PromotionTask
from tests.cast import Cast, browser_of
from tests.factories import make_project

PAGE = "/p/shop/tasks/"


def test_lists_own_tasks_before_shared_ones_and_none_of_other_projects(cast: Cast) -> None:
    spec = {"vars": [], "steps": [{"uses": "http"}]}
    for project, name in ((None, "a-shared"), (cast.project, "own"), (make_project("other"), "foreign")):
        PromotionTask.objects.create(project=project, name=name, spec=spec)

    answer = browser_of(cast.rita).get(PAGE)

    assert [task.name for task in answer.context["tasks"]] == ["own", "a-shared"]
    assert 'href="/p/shop/tasks/a-shared/?shared=1"' in answer.content.decode()


def test_says_what_a_task_is_for_when_there_is_none(cast: Cast) -> None:
    assert "No promotion tasks yet." in browser_of(cast.rita).get(PAGE).content.decode()


def test_who_may_read(cast: Cast) -> None:
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.rita).post(PAGE).status_code == 405
