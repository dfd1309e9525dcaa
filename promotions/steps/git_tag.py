"""git-tag: put an annotated tag on the commit a work tree is at; git-push with `tag` publishes it.

The tag is signed when the clone has a signing key.

Source: Kargo docs `promotion-steps/git-tag.md`, code `runner/builtin/git_tagger.go`.
Differs: the same tag again (same commit, same message) is no error; lines of the message that begin with `#` stay.
"""

from pydantic import ConfigDict, Field

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext
from promotions.steps.git_work import load_worktree


class Config(StepConfig):
    # Kargo's schema of this step is the one that lets unknown fields pass.
    model_config = ConfigDict(extra="ignore")

    path: str = Field(min_length=1, description="Work tree whose commit gets the tag.")
    tag: str = Field(min_length=1, description="Name of the tag.")
    message: str = Field(min_length=1, description="Annotation of the tag.")
    force: bool = Field(False, description="Move the tag if it exists already.")


def run(context: StepContext, config: Config) -> Done:
    commit = load_worktree(context, config.path).create_tag(config.tag, message=config.message, force=config.force)
    context.log(f"Tagged {commit} as {config.tag}", "info")
    return Done({"commit": commit})


STEP = Step(
    "git-tag",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Finds its tag again and is content; another tag of that name is an error unless forced.",
    outputs={"commit": "SHA of the tagged commit."},
)
