"""GitHub Actions of one repository: start a workflow, find its run, look how it goes.

Source: GitHub docs, REST API "Workflows" (create a workflow dispatch event), "Workflow runs".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.credentials import BasicAuth, SshKey, Token
from integrations.gitproviders.addresses import read_address
from integrations.gitproviders.github import open_api
from integrations.gitproviders.registry import find_token
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient

_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow; `conclusion` is empty until it is completed."""

    number: int
    status: str
    conclusion: str
    url: str
    branch: str
    created_at: datetime


class _Run(Answer):
    id: int
    status: str | None = None
    conclusion: str | None = None
    html_url: str = ""
    head_branch: str | None = None
    created_at: datetime


class _Runs(Answer):
    workflow_runs: list[_Run]


class _Dispatched(Answer):
    workflow_run_id: int


class GitHubActions:
    """The workflows of one repository."""

    def __init__(self, rest: RestClient, owner: str, repository: str) -> None:
        self._rest = rest
        self._path = f"repos/{escape(owner)}/{escape(repository)}/actions"

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, Any]) -> int | None:
        """Start a workflow; the id of its run, or None from a server that does not tell."""
        path = f"{self._path}/workflows/{escape(workflow)}/dispatches"
        to = f'dispatch workflow "{workflow}" at "{ref}"'
        body = {"ref": ref, "inputs": dict(inputs)}
        response = self._rest.try_("POST", path, {**body, "return_run_details": True})
        if response.status == 422 and b"return_run_details" in response.body:
            # An older server refuses what it does not know, and has started nothing.
            response = self._rest.try_("POST", path, body)
        self._rest.check(response, to=to)
        if response.status == _NO_CONTENT or not response.body:
            return None
        return self._rest.read(response, _Dispatched, to=to).workflow_run_id

    def list_dispatched(self, workflow: str) -> list[Run]:
        """The newest runs of a workflow that were started by a dispatch, the newest first."""
        runs = self._rest.get(
            f"{self._path}/workflows/{escape(workflow)}/runs",
            _Runs,
            to=f'list runs of workflow "{workflow}"',
            params=(("event", "workflow_dispatch"), ("per_page", "50")),
        )
        return [_convert(run) for run in runs.workflow_runs]

    def get_run(self, run_id: int) -> Run:
        return _convert(self._rest.get(f"{self._path}/runs/{run_id}", _Run, to=f"read workflow run {run_id}"))


def connect_actions(
    client: HttpClient, repo_url: str, credentials: BasicAuth | Token | SshKey | None, *, verify_tls: bool = True
) -> GitHubActions:
    """The workflows of a repository; without credentials asks as nobody. Raises a permanent IntegrationError."""
    address = read_address(repo_url)
    owner, repository = address.expect(2, "https://github.com/<owner>/<repository>")
    _, token = find_token(credentials)
    return GitHubActions(open_api(client, address, token, verify_tls=verify_tls), owner, repository)


def _convert(run: _Run) -> Run:
    return Run(run.id, run.status or "", run.conclusion or "", run.html_url, run.head_branch or "", run.created_at)
