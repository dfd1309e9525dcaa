"""gh-issue-add-comment: write a comment under an issue or pull request on GitHub.

Source: Kargo docs `promotion-steps/gh-issue-add-comment.md`.
Differs: a hidden mark tells the comment of this promotion and step, so a second run finds the first one's.
"""

import hashlib

from integrations.github.issues import Comment, GitHubIssues
from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, Would
from promotions.steps.github_issues import Body, Insecure, IssueNumber, RepoUrl, connect
from promotions.steps.private import read_note, write_note

_NOTE = "gh-issue-add-comment"


class Config(StepConfig):
    repo_url: RepoUrl
    issue_number: IssueNumber
    body: Body
    insecure_skip_tls_verify: Insecure = False


def run(context: StepContext, config: Config) -> Done:
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    comment = _find_earlier(context, issues, config.issue_number)
    if comment is None:
        write_note(context, _NOTE, {"began": True})
        comment = issues.comment(config.issue_number, f"{config.body}\n\n{_mark(context)}")
        context.log(f"Commented on issue {config.issue_number}: {comment.url}", "info")
    write_note(context, _NOTE, {"commentID": comment.number})
    return Done({"commentID": comment.number, "url": comment.url})


def would(context: StepContext, config: Config) -> Would:
    """The id is not known before."""
    return Would(f"would comment on issue {config.issue_number} of {without_login(config.repo_url)}")


def _find_earlier(context: StepContext, issues: GitHubIssues, number: int) -> Comment | None:
    """What an interrupted try of this step has written; what a finished one wrote is not meant."""
    note = read_note(context, _NOTE)
    if note is None or (context.previous_output or {}).get("commentID", 0) == note.get("commentID"):
        return None
    mark = _mark(context)
    return next((comment for comment, body in issues.list_comments(number) if mark in body), None)


def _mark(context: StepContext) -> str:
    digest = hashlib.sha256(f"{context.project}/{context.promotion}/{context.alias}".encode()).hexdigest()
    return f"<!-- kargo:{digest[:24]} -->"


STEP = Step(
    "gh-issue-add-comment",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Finds the comment that an interrupted run has written; a retry of the promotion writes another one.",
    outputs={"commentID": "Id of the comment.", "url": "Web page of the comment."},
    needs=("credentials", "http"),
    would=would,
)
