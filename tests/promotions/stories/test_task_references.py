"""A template that uses both kinds of task works, and each way to get it wrong is refused when it is saved."""

import pytest
from django.utils import timezone

from projects.actors import OPERATOR
from projects.documents import SourceText
from promotions.changesets import ChangesRefused, apply_changes, plan_changes
from promotions.models import PromotionTask, Stage
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_warehouse
from tests.promotions.driving import look, promote

pytestmark = pytest.mark.django_db(transaction=True)

TASKS = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: PromotionTask
metadata: {name: render, namespace: shop}
spec:
  vars: [{name: env}]
  steps:
  - {uses: file-write, config: {path: out.txt, contents: "${{ vars.env }}"}}
  - {uses: compose-output, as: result, config: {env: "${{ vars.env }}"}}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: ClusterPromotionTask
metadata: {name: announce}
spec:
  vars: [{name: text, value: nothing}]
  steps:
  - {uses: compose-output, as: said, config: {text: "${{ vars.text }}!"}}
---
"""
STAGE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {name: uat, namespace: shop}
spec:
  requestedFreight:
  - origin: {kind: Warehouse, name: main}
    sources: {direct: true}
  promotionTemplate:
    spec:
      steps:
"""
GOOD = """\
      - {task: {name: render}, as: draw, vars: [{name: env, value: "${{ ctx.stage }}"}]}
      - task: {kind: ClusterPromotionTask, name: announce}
        as: tell
        vars: [{name: text, value: "${{ outputs.draw.env }} is ready"}]
"""


@pytest.fixture
def warehouse():
    return make_warehouse(make_project())


def save(text):
    change_set = plan_changes([SourceText("uat.yaml", text)])
    apply_changes(OPERATOR, change_set, now=timezone.now())


def test_a_template_may_use_tasks_of_the_project_and_shared_ones(warehouse):
    save(TASKS + STAGE + GOOD)

    run = look(promote(Stage.objects.get(), make_freight(warehouse)))

    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    assert run.output("tell::said") == {"text": "uat is ready!"}


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        ("{task: {name: rendr}, vars: [{name: env, value: x}]}", 'PromotionTask "rendr"'),
        ("{task: {kind: ClusterPromotionTask, name: render}, vars: [{name: env, value: x}]}", "ClusterPromotionTask"),
        ("{task: {name: announce}}", 'PromotionTask "announce"'),
        ("{task: {name: render}}", 'variable "env"'),
        ("{task: {name: render}, uses: fail}", '"uses", "task"'),
        ("{task: {name: render}, vars: [{name: env, value: x}], if: '${{ true }}'}", 'cannot set "if"'),
        ("{task: {name: render}, vars: [{name: env, value: x}], config: {a: b}}", 'cannot set "config"'),
        ("{task: {name: render}, vars: [{name: env, value: x}], continueOnError: true}", '"continueOnError"'),
        ("{task: {name: render, kind: Task}, vars: [{name: env, value: x}]}", "kind"),
        ("{task: {name: render}, as: step-1, vars: [{name: env, value: x}]}", '"step-1" is reserved'),
        ("{task: {name: render}, vars: [{name: 'en-v', value: x}]}", "en-v"),
        ("{task: {name: render}, vars: [{name: env, value: '${{ 1 + }}'}]}", "cannot be read"),
    ],
    ids=[
        "misspelt",
        "wrong kind",
        "shared one without its kind",
        "variable missing",
        "uses and task",
        "if",
        "config",
        "continueOnError",
        "no such kind",
        "reserved alias",
        "bad variable name",
        "broken expression",
    ],
)
def test_each_mistake_is_refused_with_its_true_cause(warehouse, step, cause):
    save(TASKS)

    with pytest.raises(ChangesRefused) as refusal:
        save(f"{STAGE}      - {step}\n")

    (problem,) = refusal.value.problems
    assert cause in problem.message
    assert problem.line == 11
    assert problem.hint or "cannot set" in problem.message or "must be set" in problem.message
    assert not Stage.objects.exists()


def test_a_task_that_uses_a_task_is_refused(warehouse):
    text = TASKS.replace("- {uses: compose-output, as: said", "- {task: {name: render}, as: said")

    with pytest.raises(ChangesRefused, match="cannot reference a task"):
        save(text)

    assert not PromotionTask.objects.exists(), "not even the task that was right"
