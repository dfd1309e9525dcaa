"""git-wait-for-pr: wait until a pull request is merged; one that is closed unmerged fails the step.

Without `retry.timeout` it waits for ever.

Source: Kargo docs `promotion-steps/git-wait-for-pr.md`, code `runner/builtin/git_pr_waiter.go`.
Differs: `commit` is never GitHub's test merge of a pull request that is still open.
"""

from datetime import timedelta

from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed, Waiting, Would
from promotions.steps.pull_requests import (
    Insecure,
    Number,
    ProviderName,
    RepoUrl,
    connect,
    describe,
    interval,
    read_interval,
)

_DEFAULT_INTERVAL = timedelta(seconds=30)


class Config(StepConfig):
    repo_url: RepoUrl
    pr_number: Number
    provider: ProviderName = ""
    insecure_skip_tls_verify: Insecure = False
    poll_interval: str = interval("30s")


def run(context: StepContext, config: Config) -> Done | Waiting:
    pause = read_interval(config.poll_interval, _DEFAULT_INTERVAL)
    provider = connect(context, config.repo_url, config.provider, insecure=config.insecure_skip_tls_verify)
    pull = provider.get(config.pr_number)
    output = describe(pull)
    if pull.is_merged:
        context.log(f"Pull request {pull.number} is merged: {pull.merge_commit or pull.url}", "info")
        return Done(output)
    if pull.is_open:
        return Waiting(f"pull request {pull.number} is open: {pull.url}", pause, output)
    raise StepFailed(f"pull request {config.pr_number} was closed without being merged", output=output)


def would(context: StepContext, config: Config) -> Would:
    """When it will be merged, and as which commit, is not known."""
    return Would(f"would wait until pull request {config.pr_number} of {without_login(config.repo_url)} is merged")


STEP = Step(
    "git-wait-for-pr",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Looks again; changes nothing.",
    outputs={
        "pr": "Map with `id`, `url`, `open` and `merged`.",
        "commit": "SHA of the merge commit, when it is known.",
    },
    needs=("credentials", "http"),
    would=would,
)
