"""git-commit: commit all changes of a work tree.

Source: Kargo docs `promotion-steps/git-commit.md`, code `runner/builtin/git_committer.go`.
Differs: a second try after an interrupted one reports the commit the first one made as Succeeded, not Skipped,
because later steps ask for that status.
"""

from pydantic import Field, model_validator

from promotions.steps.base import Done, Effect, Skipped, Step, StepConfig, StepContext
from promotions.steps.git_work import Author, load_worktree, read_identity, worktree_id
from promotions.steps.private import clear_note, read_note, write_note


class Config(StepConfig):
    path: str = Field(min_length=1, description="Work tree, or a directory in it: only that is staged then.")
    message: str = Field(min_length=1, description="The commit message.")
    author: Author | None = Field(
        None,
        description="Deprecated, set it in git-clone. Author and committer of this commit; it is signed only "
        "with a signingKey given here.",
    )

    @model_validator(mode="before")
    @classmethod
    def refuse_null_author(cls, data: object) -> object:
        if isinstance(data, dict) and "author" in data and data["author"] is None:
            raise ValueError("author: must be a map, got null")
        return data


def run(context: StepContext, config: Config) -> Done | Skipped:
    author = read_identity(config.author) if config.author else None
    worktree = load_worktree(context, config.path)
    before, identity = worktree.head(), worktree_id(worktree)
    note = read_note(context, "git-commit")
    if note is None or note["worktree"] != identity:
        note = {"worktree": identity, "parent": before}
        write_note(context, "git-commit", note)
    commit = worktree.commit(config.message, author=author)
    if commit is not None:
        context.log(f"Committed {commit}", "info")
        return Done({"commit": commit})
    if note["parent"] != before:
        # The commit at hand was made after an earlier try of this very step began.
        return Done({"commit": before}, message="An earlier try of this step made the commit.")
    clear_note(context, "git-commit")
    return Skipped({"commit": before}, message="There was nothing to commit.")


STEP = Step(
    "git-commit",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Makes no second commit: what an interrupted try committed is reported as the commit of this one.",
    outputs={"commit": "SHA of the commit; without changes, of the one before."},
)
