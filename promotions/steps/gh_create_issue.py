"""gh-create-issue: open an issue on GitHub and keep its number with the freight.

Later stages find the number in the metadata of the freight: `freightMetadata(ctx.targetFreight.name)`.

Source: Kargo docs `promotion-steps/gh-create-issue.md`.
Differs: a hidden mark in the text tells the issue of this promotion and step, so a second run finds the first one's.
"""

import hashlib
from typing import Annotated

from pydantic import Field

from integrations.github.issues import GitHubIssues, Issue
from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, Would
from promotions.steps.capabilities import given
from promotions.steps.github_issues import Insecure, Label, RepoUrl, connect
from promotions.steps.private import read_note, write_note

_NOTE = "gh-create-issue"


class Config(StepConfig):
    repo_url: RepoUrl
    title: str = Field(min_length=1, max_length=256, description="Title of the issue.")
    body: str = Field("", description="Text, in GitHub's Markdown.")
    labels: list[Label] = Field(default_factory=list, description="Labels; they should exist in the repository.")
    assignees: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, max_length=10, description="GitHub user names to assign, at most ten."
    )
    issue_alias: str = Field(
        "github-issue-number", min_length=1, description="Key in the freight's metadata that keeps the number."
    )
    insecure_skip_tls_verify: Insecure = False


def run(context: StepContext, config: Config) -> Done:
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    issue = _find_earlier(context, issues)
    if issue is None:
        # Before the request: whoever is killed behind it looks for the mark instead of opening a second one.
        write_note(context, _NOTE, {"mark": _mark(context)})
        body = f"{config.body}\n\n{_mark(context)}".lstrip()
        issue = issues.create(config.title, body, labels=config.labels, assignees=config.assignees)
        context.log(f"Opened issue {issue.number}: {issue.url}", "info")
    write_note(context, _NOTE, {"mark": _mark(context), "number": issue.number})
    try:
        given(context.can.target_freight).remember({config.issue_alias: issue.number})
    except LookupError as error:
        raise StepErrored(
            f"issue {issue.number} was opened, but the freight that should keep its number was deleted"
        ) from error
    return Done({"number": issue.number, "url": issue.url}, f"issue {issue.number}: {issue.url}")


def would(context: StepContext, config: Config) -> Would:
    """The number is not known before."""
    return Would(f'would open an issue "{config.title}" in {without_login(config.repo_url)}')


def _find_earlier(context: StepContext, issues: GitHubIssues) -> Issue | None:
    """The issue that an interrupted try of this step has opened."""
    note = read_note(context, _NOTE) or {}
    # Also that of an earlier attempt: the promotion is the same, and so is its issue.
    if number := note.get("number") or (context.previous_output or {}).get("number"):
        return issues.get(number)
    if not note:
        return None
    mark = _mark(context)
    found = next((issue for issue in issues.list_newest() if mark in issue.body), None)
    if found is not None:
        context.log(f"Issue {found.number} was opened by an interrupted try: {found.url}", "info")
    return found


def _mark(context: StepContext) -> str:
    digest = hashlib.sha256(f"{context.project}/{context.promotion}/{context.alias}".encode()).hexdigest()
    return f"<!-- kargo:{digest[:24]} -->"


STEP = Step(
    "gh-create-issue",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Finds the issue that an interrupted run has opened. A retry of the promotion gives it back too.",
    outputs={"number": "Number of the issue.", "url": "Web page of the issue."},
    needs=("credentials", "http", "target_freight"),
    would=would,
)
