"""gha-wait-for-workflow: wait until a run of GitHub Actions is completed.

With `expectedConclusion` any other conclusion fails the step; without it every conclusion will do. Without
`retry.timeout` it waits for ever.

Source: Kargo docs `promotion-steps/gha-wait-for-workflow.md`.
"""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, StepFailed, Waiting, Would
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration
from promotions.steps.github_actions import Credentials, Insecure, RepoUrl, RunId, connect

_DEFAULT_INTERVAL = timedelta(minutes=5)
Conclusion = Literal[
    "", "success", "failure", "cancelled", "skipped", "timed_out", "action_required", "neutral", "stale"
]


class Config(StepConfig):
    repo_url: RepoUrl
    run_id: RunId
    expected_conclusion: Conclusion = Field("", description="Conclusion it must have; any when left out.")
    poll_interval: str = Field("", pattern=SCHEMA_PATTERN, description="Wait before looking again; 5m when left out.")
    credentials: Credentials = None
    insecure_skip_tls_verify: Insecure = False


def run(context: StepContext, config: Config) -> Done | Waiting:
    pause = _read_interval(config.poll_interval)
    actions = connect(context, config.repo_url, config.credentials, insecure=config.insecure_skip_tls_verify)
    found = actions.get_run(config.run_id)
    if found.status != "completed":
        return Waiting(
            f"run {found.number} is {found.status.replace('_', ' ') or 'not known yet'}: {found.url}", pause
        )
    output = {"conclusion": found.conclusion}
    if config.expected_conclusion and found.conclusion != config.expected_conclusion:
        raise StepFailed(
            f'run {found.number} ended with "{found.conclusion}" instead of "{config.expected_conclusion}": '
            f"{found.url}",
            output=output,
        )
    context.log(f"Run {found.number} ended with {found.conclusion}", "info")
    return Done(output)


def would(context: StepContext, config: Config) -> Would:
    """How it will end is known when a conclusion is asked for."""
    text = f"would wait for run {config.run_id} of {without_login(config.repo_url)}"
    return Would(text, {"conclusion": config.expected_conclusion} if config.expected_conclusion else None)


def _read_interval(text: str) -> timedelta:
    try:
        return parse_duration(text) if text else _DEFAULT_INTERVAL
    except ValueError as error:
        raise StepErrored(f"pollInterval: {error}") from error


STEP = Step(
    "gha-wait-for-workflow",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Looks again; changes nothing.",
    outputs={"conclusion": "How the run ended, such as success or failure."},
    needs=("credentials", "secrets", "http"),
    would=would,
)
