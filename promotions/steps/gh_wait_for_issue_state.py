"""gh-wait-for-issue-state: wait until an expression about an issue on GitHub is true.

Both expressions see `issue` with number, title, body, state, labels, assignees and url; labels and assignees are
lists of names: `"approved" in issue.labels`. The failure is looked at first. Without `retry.timeout` it waits for
ever.

Source: Kargo docs `promotion-steps/gh-wait-for-issue-state.md`.
"""

from datetime import timedelta

from pydantic import Field

from expressions import ExpressionError, evaluate, parse
from integrations.github.issues import Issue
from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, StepFailed, Waiting, Would
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration
from promotions.steps.github_issues import Insecure, IssueNumber, RepoUrl, connect


class Config(StepConfig):
    repo_url: RepoUrl
    issue_number: IssueNumber
    success_expression: str = Field(min_length=1, description="True ends the step as Succeeded; without ${{ }}.")
    failure_expression: str = Field("", description="True ends the step as Failed; looked at first.")
    poll_interval: str = Field("", pattern=SCHEMA_PATTERN, description="Wait before looking again; 5m when left out.")
    insecure_skip_tls_verify: Insecure = False


def run(context: StepContext, config: Config) -> Done | Waiting:
    pause = _read_interval(config.poll_interval)
    for field, expression in (
        ("successExpression", config.success_expression),
        ("failureExpression", config.failure_expression),
    ):
        _compile(expression, field)
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    issue = issues.get(config.issue_number)
    if config.failure_expression and _is_true(config.failure_expression, issue, "failureExpression"):
        raise StepFailed(f"issue {issue.number} met the failure criteria: {issue.url}")
    if _is_true(config.success_expression, issue, "successExpression"):
        context.log(f"Issue {issue.number} meets the success criteria", "info")
        return Done()
    labels = f" with {', '.join(issue.labels)}" if issue.labels else ""
    return Waiting(f"issue {issue.number} is {issue.state}{labels}: {issue.url}", pause)


def would(context: StepContext, config: Config) -> Would:
    where = f"issue {config.issue_number} of {without_login(config.repo_url)}"
    return Would(f"would wait until {config.success_expression} for {where}", output={})


def _is_true(expression: str, issue: Issue, field: str) -> bool:
    try:
        value = evaluate(expression, {"issue": issue.to_json()})
    except ExpressionError as error:
        raise StepErrored(f"error evaluating {field}: {error}") from error
    if not isinstance(value, bool):
        raise StepErrored(f"{field} must be true or false, but it evaluated to something else")
    return value


def _compile(expression: str, field: str) -> None:
    try:
        if expression:
            parse(expression)
    except ExpressionError as error:
        raise StepErrored(f"error compiling {field}: {error}", permanent=True) from error


def _read_interval(text: str) -> timedelta | None:
    try:
        return parse_duration(text) if text else None
    except ValueError as error:
        raise StepErrored(f"pollInterval: {error}") from error


STEP = Step(
    "gh-wait-for-issue-state",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Looks again; changes nothing.",
    needs=("credentials", "http"),
    would=would,
)
