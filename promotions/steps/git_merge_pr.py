"""git-merge-pr: merge a pull request, once for each run of the step.

Methods: github merge, squash, rebase; gitlab merge, squash; gitea merge, rebase, rebase-merge, squash,
fast-forward-only, manually-merged; azure noFastForward, rebase, rebaseMerge, squash; bitbucket.org merge_commit,
squash, fast_forward, squash_fast_forward, rebase_fast_forward, rebase_merge; Bitbucket Data Center no-ff, ff,
ff-only, rebase-no-ff, rebase-ff-only, squash, squash-ff-only.

Source: Kargo docs `promotion-steps/git-merge-pr.md`, code `runner/builtin/git_pr_merger.go`.
Differs: a provider that cannot be reached, answers 5xx or asks for a pause makes the step Errored, not Failed: it may
be tried again.
"""

from datetime import timedelta

from pydantic import Field

from integrations.errors import IntegrationError
from integrations.gitproviders.addresses import without_login
from integrations.gitproviders.base import NotReady
from integrations.http import BlockedAddress
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed, Waiting, Would
from promotions.steps.pull_requests import (
    Insecure,
    Number,
    ProviderName,
    RepoUrl,
    connect,
    interval,
    read_interval,
)

_DEFAULT_INTERVAL = timedelta(seconds=10)


class Config(StepConfig):
    repo_url: RepoUrl
    pr_number: Number
    provider: ProviderName = ""
    insecure_skip_tls_verify: Insecure = False
    wait: bool = Field(False, description="Try again while it cannot be merged yet, instead of failing.")
    poll_interval: str = interval("10s")
    merge_method: str = Field("", min_length=1, description="How to merge; the provider's default when left out.")


def run(context: StepContext, config: Config) -> Done | Waiting:
    pause = read_interval(config.poll_interval, _DEFAULT_INTERVAL)
    provider = connect(context, config.repo_url, config.provider, insecure=config.insecure_skip_tls_verify)
    number = config.pr_number
    try:
        outcome = provider.merge(number, method=config.merge_method)
    except BlockedAddress:
        raise
    except IntegrationError as error:
        if not error.permanent:
            raise
        raise StepFailed(f"error merging pull request {number}: {error}") from error
    if isinstance(outcome, NotReady):
        context.log(f"Pull request {number} {outcome.reason}", "info")
        if config.wait:
            return Waiting(f"pull request {number} is not ready to merge: it {outcome.reason}", pause)
        raise StepFailed(f"pull request {number} is not ready to merge and wait is disabled: it {outcome.reason}")
    context.log(f"Pull request {number} is merged: {outcome.pull_request.merge_commit}", "info")
    return Done({"commit": outcome.pull_request.merge_commit})


def would(context: StepContext, config: Config) -> Would:
    """The merge commit is made by the provider."""
    how = f" by {config.merge_method}" if config.merge_method else ""
    return Would(f"would merge pull request {config.pr_number} of {without_login(config.repo_url)}{how}")


STEP = Step(
    "git-merge-pr",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="A pull request that is merged already is a success.",
    outputs={"commit": "SHA of the merge commit."},
    needs=("credentials", "http"),
    would=would,
)
