"""gha-dispatch-workflow: start a workflow of GitHub Actions and give the id of its run.

Newer servers tell the run at once. With others the step waits until a run appears that was not there before; when
several start at the same moment at one ref, the oldest is taken.

Source: Kargo docs `promotion-steps/gha-dispatch-workflow.md`.
Differs: the workflow is never started twice by one try: a worker that dies in between leaves a note, and the next one
looks for the run. `credentials.secretName` of earlier versions may still be given.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from integrations.errors import IntegrationError, RateLimited
from integrations.github.actions import GitHubActions
from integrations.gitproviders.addresses import without_login
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, Waiting, Would
from promotions.steps.github_actions import Credentials, Insecure, RepoUrl, connect, whole
from promotions.steps.private import clear_note, read_note, write_note

_NOTE = "gha-dispatch-workflow"
_LOOK_AGAIN = timedelta(seconds=10)
_MOST_INPUTS = 25


class Config(StepConfig):
    repo_url: RepoUrl
    workflow_file: str = Field(min_length=1, description="File name in .github/workflows, such as deploy.yml.")
    ref: str = Field(min_length=1, description="Branch or tag to run it at.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Inputs of the workflow.")
    timeout: Annotated[int, BeforeValidator(whole)] = Field(
        60, ge=1, le=300, description="Seconds to wait for the run to appear."
    )
    credentials: Credentials = None
    insecure_skip_tls_verify: Insecure = False

    @field_validator("inputs")
    @classmethod
    def spell_inputs(cls, inputs: dict[str, Any]) -> dict[str, str]:
        """GitHub takes texts; numbers and booleans are spelled as YAML has them."""
        if len(inputs) > _MOST_INPUTS:
            raise ValueError(f"at most {_MOST_INPUTS} inputs are allowed")
        if bad := next(
            (key for key, value in inputs.items() if not isinstance(value, str | bool | int | float)), None
        ):
            raise ValueError(f'input "{bad}" must be a text, a number or true or false')
        return {key: _spell(value) for key, value in inputs.items()}


def _spell(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def run(context: StepContext, config: Config) -> Done | Waiting:
    actions = connect(context, config.repo_url, config.credentials, insecure=config.insecure_skip_tls_verify)
    note = _read_note(context)
    if note is None:
        known = max((run.number for run in actions.list_dispatched(config.workflow_file)), default=0)
        note = {"known": known, "at": datetime.now(UTC).isoformat()}
        # Before the request: whoever is killed behind it looks for the run instead of starting another one.
        write_note(context, _NOTE, note)
        try:
            run_id = actions.dispatch(config.workflow_file, config.ref, config.inputs)
        except IntegrationError as error:
            # An answer that says no has started nothing, so the next try may start it; without one nobody knows.
            if error.permanent or isinstance(error, RateLimited):
                clear_note(context, _NOTE)
            raise
        context.log(f"Dispatched {config.workflow_file} at {config.ref}", "info")
        if run_id is not None:
            return _done(context, note, run_id)
    found = note.get("runID") or _find_run(actions, config, note["known"])
    if found is not None:
        return _done(context, note, found)
    if datetime.now(UTC) - datetime.fromisoformat(note["at"]) > timedelta(seconds=config.timeout):
        clear_note(context, _NOTE)
        raise StepErrored(
            f"no run of {config.workflow_file} at {config.ref} appeared within {config.timeout} seconds; look at the "
            "Actions page of the repository before you start it again",
            permanent=True,
        )
    return Waiting(f"{config.workflow_file} was dispatched; waits for its run to appear", _LOOK_AGAIN)


def would(context: StepContext, config: Config) -> Would:
    """The run is not known before."""
    where = without_login(config.repo_url)
    return Would(f"would dispatch {config.workflow_file} of {where} at {config.ref}")


def _find_run(actions: GitHubActions, config: Config, known: int) -> int | None:
    ref = config.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    runs = actions.list_dispatched(config.workflow_file)
    return min((run.number for run in runs if run.number > known and run.branch == ref), default=None)


def _read_note(context: StepContext) -> dict[str, Any] | None:
    """What an interrupted try left; the note of one that ended says nothing to a retry of the promotion."""
    note = read_note(context, _NOTE)
    if note is not None and note.get("runID", 0) == (context.previous_output or {}).get("runID"):
        return None
    return note


def _done(context: StepContext, note: dict[str, Any], run_id: int) -> Done:
    write_note(context, _NOTE, {**note, "runID": run_id})
    context.log(f"It is run {run_id}", "info")
    return Done({"runID": run_id}, f"run {run_id}")


STEP = Step(
    "gha-dispatch-workflow",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Looks for the run that an interrupted run has started; a retry of the promotion starts another one.",
    outputs={"runID": "Id of the workflow run."},
    needs=("credentials", "secrets", "http"),
    would=would,
)
