"""gh-issue-delete-comment: delete a comment on GitHub; one that is gone already is fine.

Source: Kargo docs `promotion-steps/gh-issue-delete-comment.md`.
"""

from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, Would
from promotions.steps.github_issues import CommentId, Insecure, RepoUrl, connect


class Config(StepConfig):
    repo_url: RepoUrl
    comment_id: CommentId
    insecure_skip_tls_verify: Insecure = False


def run(context: StepContext, config: Config) -> Done:
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    was_there = issues.delete_comment(config.comment_id)
    context.log(f"Comment {config.comment_id} {'was deleted' if was_there else 'was gone already'}", "info")
    return Done()


def would(context: StepContext, config: Config) -> Would:
    return Would(f"would delete comment {config.comment_id} of {without_login(config.repo_url)}", output={})


STEP = Step(
    "gh-issue-delete-comment",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="The comment is gone then; nothing changes.",
    needs=("credentials", "http"),
    would=would,
)
