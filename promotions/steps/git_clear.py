"""git-clear: remove all files from a work tree, tracked and new ones, but not the ignored ones.

Source: Kargo docs `promotion-steps/git-clear.md`.
"""

from pydantic import Field

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext
from promotions.steps.git_work import load_worktree


class Config(StepConfig):
    path: str = Field(min_length=1, description="Work tree to clear.")


def run(context: StepContext, config: Config) -> Done:
    load_worktree(context, config.path).clear()
    return Done()


STEP = Step(
    "git-clear",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Removes what is left, and what only a .gitignore that is gone by then kept.",
)
