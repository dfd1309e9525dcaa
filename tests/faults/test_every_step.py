"""Workers are killed inside steps of some kinds; others go on, and nothing is done twice.

`python -m benchmarks.kill_every_step` does the same with all kinds, at more moments.
"""

from pathlib import Path

import pytest
import yaml

from promotions.steps.registry import list_steps
from tests.faults.every_step import EveryStepScene, Kill, Moment

# One for each way in which a second run could go wrong.
KILLS = (
    Kill("http-download", Moment.UNSAVED),
    Kill("untar", Moment.UNSAVED),
    Kill("git-commit", Moment.UNSAVED),
    Kill("github-push", Moment.ANSWERED),
    Kill("git-open-pr", Moment.ANSWERED),
    Kill("argocd-update", Moment.ANSWERED),
)


def test_the_template_that_uses_everything_uses_every_kind_of_step():
    text = (Path(__file__).parents[1] / "servers" / "everything.yaml").read_text()
    stage = next(doc for doc in yaml.safe_load_all(text.replace("@", "")) if doc["kind"] == "Stage")
    used = {step["uses"] for step in stage["spec"]["promotionTemplate"]["spec"]["steps"]}

    assert {step.kind for step in list_steps()} - used == set()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_step_whose_worker_is_killed_has_its_effect_once(tmp_path):
    with EveryStepScene(tmp_path) as scene:
        endings = [scene.run(kill) for kill in KILLS]

    assert [f"{ending.kill}: {problem}" for ending in endings for problem in ending.problems] == []
    # A kill that always came too late would prove nothing.
    assert sum(ending.was_hit for ending in endings) >= len(endings) - 1
