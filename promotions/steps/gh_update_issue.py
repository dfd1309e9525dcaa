"""gh-update-issue: change title, text, state, labels or assignees of an issue on GitHub.

Source: Kargo docs `promotion-steps/gh-update-issue.md`. Adding a label wins over removing it.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from integrations.github.issues import Issue
from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, Would
from promotions.steps.github_issues import Insecure, IssueNumber, Label, RepoUrl, connect

_ALL = "*"
_CHANGES = ("title", "body", "state", "add_labels", "remove_labels", "assignees")


class Config(StepConfig):
    repo_url: RepoUrl
    issue_number: IssueNumber
    title: str = Field("", max_length=256, description="New title.")
    body: str = Field("", description='New text; "" clears it.')
    state: Literal["", "open", "closed"] = Field("", description="open or closed.")
    add_labels: list[Label] = Field(default_factory=list, description="Labels to add.")
    remove_labels: list[Label] = Field(
        default_factory=list, description='Labels to remove; ["*"] removes all others.'
    )
    assignees: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, max_length=10, description="Who it is assigned to instead; [] clears it."
    )
    insecure_skip_tls_verify: Insecure = False

    @model_validator(mode="after")
    def change_something(self) -> "Config":
        if not self.model_fields_set & set(_CHANGES):
            raise ValueError("give at least one of title, body, state, addLabels, removeLabels, assignees")
        return self


def run(context: StepContext, config: Config) -> Done:
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    fields = _plain_fields(config)
    if config.add_labels or config.remove_labels:
        labels = _new_labels(issues.get(config.issue_number), config)
        if labels is not None:
            fields["labels"] = labels
    if fields:
        issues.update(config.issue_number, fields)
        context.log(f"Changed {', '.join(fields)} of issue {config.issue_number}", "info")
    else:
        context.log(f"Issue {config.issue_number} has these labels already", "info")
    return Done()


def would(context: StepContext, config: Config) -> Would:
    changed = [Config.model_fields[name].alias or name for name in _CHANGES if name in config.model_fields_set]
    where = f"issue {config.issue_number} of {without_login(config.repo_url)}"
    return Would(f"would change {', '.join(changed)} of {where}", output={})


def _plain_fields(config: Config) -> dict[str, Any]:
    """What replaces the old value; an empty title or state says nothing, an empty text or list clears."""
    given = config.model_fields_set
    fields: dict[str, Any] = {}
    if config.title:
        fields["title"] = config.title
    if "body" in given:
        fields["body"] = config.body
    if config.state:
        fields["state"] = config.state
    if "assignees" in given:
        fields["assignees"] = config.assignees
    return fields


def _new_labels(issue: Issue, config: Config) -> list[str] | None:
    """All labels it should have then, or None when it has them."""
    # GitHub does not tell capitals apart in labels.
    removed = {name.lower() for name in config.remove_labels}
    kept = [name for name in issue.labels if _ALL not in removed and name.lower() not in removed]
    wanted = list({name.lower(): name for name in (*kept, *config.add_labels)}.values())
    same = {name.lower() for name in wanted} == {name.lower() for name in issue.labels}
    return None if same else wanted


STEP = Step(
    "gh-update-issue",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Sets the same values again.",
    needs=("credentials", "http"),
    would=would,
)
