"""gh-issue-update-comment: replace the text of a comment on GitHub.

Source: Kargo docs `promotion-steps/gh-issue-update-comment.md`.
"""

from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, Would
from promotions.steps.github_issues import Body, CommentId, Insecure, RepoUrl, connect


class Config(StepConfig):
    repo_url: RepoUrl
    comment_id: CommentId
    body: Body
    insecure_skip_tls_verify: Insecure = False


def run(context: StepContext, config: Config) -> Done:
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    issues.update_comment(config.comment_id, config.body)
    context.log(f"Changed comment {config.comment_id}", "info")
    return Done()


def would(context: StepContext, config: Config) -> Would:
    return Would(f"would change comment {config.comment_id} of {without_login(config.repo_url)}", output={})


STEP = Step(
    "gh-issue-update-comment",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Sets the same text again.",
    needs=("credentials", "http"),
    would=would,
)
