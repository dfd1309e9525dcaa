"""Pull requests of a repository in Azure DevOps: dev.azure.com, *.visualstudio.com, or a server of one's own.

Source: Kargo `pkg/gitprovider/azure`; Microsoft docs, "Azure DevOps Services REST API", Git pull requests.
Differs: the URL of a pull request is its web page, not its place in the API; a server of one's own works too; a
search for open pull requests reads all pages.
"""

import base64
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from integrations.errors import Rejected, Unauthorized
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.base import Merged, MergeOutcome, NewPullRequest, NotReady, PullRequest, check_method
from integrations.gitproviders.rest import MAX_PAGES, Answer, Params, RestClient, escape
from integrations.http import HttpClient

_VERSION = ("api-version", "7.0")
_PAGE = 100
_FORM = "https://dev.azure.com/<organization>/<project>/_git/<repository>"
# A merge is done by a job of Azure's; most end within a second.
_LOOKS_AFTER_MERGE, _SECONDS_BETWEEN = 10, 1.0


_Model = TypeVar("_Model")


class _Commit(Answer):
    commitId: str = ""  # noqa: N815  # names of the API


class _Pull(Answer):
    pullRequestId: int  # noqa: N815
    status: str
    isDraft: bool = False  # noqa: N815
    mergeStatus: str = "notSet"  # noqa: N815
    sourceRefName: str = ""  # noqa: N815
    targetRefName: str = ""  # noqa: N815
    lastMergeSourceCommit: _Commit | None = None  # noqa: N815
    lastMergeCommit: _Commit | None = None  # noqa: N815
    creationDate: datetime | None = None  # noqa: N815


class _Page(Answer):
    value: list[_Pull]


class Azure:
    """The pull requests of one repository; `web_url` is the repository's page."""

    merge_methods = ("noFastForward", "rebase", "rebaseMerge", "squash")
    has_labels = True

    def __init__(
        self,
        rest: RestClient,
        project: str,
        repository: str,
        *,
        web_url: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rest = rest
        self._path = f"{escape(project)}/_apis/git/repositories/{escape(repository)}/pullrequests"
        self._web_url = web_url
        self._sleep = sleep

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        to, found = "list pull requests", []
        for page_number in range(MAX_PAGES):
            params = (
                ("searchCriteria.status", "active"),
                ("searchCriteria.sourceRefName", f"refs/heads/{source}"),
                ("searchCriteria.targetRefName", f"refs/heads/{target}"),
                ("$top", str(_PAGE)),
                ("$skip", str(page_number * _PAGE)),
                _VERSION,
            )
            page = self._read("GET", self._path, None, _Page, to=to, params=params).value
            found += [self._convert(pull) for pull in page]
            if len(page) < _PAGE:
                break
        return found

    def get(self, number: int) -> PullRequest:
        return self._convert(self._get(number))

    def create(self, new: NewPullRequest) -> PullRequest:
        body = {
            "title": new.title,
            "description": new.description,
            "sourceRefName": f"refs/heads/{new.source}",
            "targetRefName": f"refs/heads/{new.target}",
            "labels": [{"name": name} for name in new.labels],
        }
        return self._convert(self._read("POST", self._path, body, _Pull, to="open a pull request"))

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """Nothing is left: one request opens it as a whole."""

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        pull = self._get(number)
        if pull.status == "completed":
            return Merged(self._convert(pull))
        if pull.status == "abandoned":
            raise Rejected(f"pull request {number} is closed but not merged (abandoned)")
        check_method(method, self.merge_methods)
        if pull.isDraft:
            return NotReady("is a draft")
        if pull.status != "active" or pull.mergeStatus != "succeeded":
            return NotReady(f'has merge status "{pull.mergeStatus}"')
        # The commit we looked at: Azure refuses when the branch has moved on since.
        seen = pull.lastMergeSourceCommit.commitId if pull.lastMergeSourceCommit else ""
        body: dict[str, object] = {"status": "completed", "lastMergeSourceCommit": {"commitId": seen}}
        if method:
            body["completionOptions"] = {"mergeStrategy": method}
        self._rest.ask("PATCH", f"{self._path}/{number}", body, to=f"merge pull request {number}", params=(_VERSION,))
        return self._await_merge(number)

    def _await_merge(self, number: int) -> MergeOutcome:
        for look in range(_LOOKS_AFTER_MERGE):
            if look:
                self._sleep(_SECONDS_BETWEEN)
            pull = self._get(number)
            if pull.status == "completed":
                return Merged(self._convert(pull))
        return NotReady("waits for the policies of its target branch")

    def _get(self, number: int) -> _Pull:
        return self._read("GET", f"{self._path}/{number}", None, _Pull, to=f"read pull request {number}")

    def _read(
        self, method: str, path: str, body: object, kind: type[_Model], *, to: str, params: Params = (_VERSION,)
    ) -> _Model:
        response = self._rest.ask(method, path, body, to=to, params=params)
        if response.status == 203:
            # Azure's odd way to refuse a token: its sign-in page.
            raise Unauthorized(
                f"Azure DevOps wants us to sign in while we wanted to {to}: the token is wrong or has expired. Check "
                "it in Settings."
            )
        return self._rest.read(response, kind, to=to)

    def _convert(self, pull: _Pull) -> PullRequest:
        is_merged = pull.status == "completed"
        merged = pull.lastMergeCommit.commitId if pull.lastMergeCommit else ""
        return PullRequest(
            number=pull.pullRequestId,
            url=f"{self._web_url}/pullrequest/{pull.pullRequestId}",
            is_open=pull.status == "active",
            is_merged=is_merged,
            merge_commit=merged if is_merged else "",
            head_commit=pull.lastMergeSourceCommit.commitId if pull.lastMergeSourceCommit else "",
            created_at=pull.creationDate,
        )


def connect(
    client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
) -> Azure:
    """The repository at an address. Raises Unauthorized without a token: Azure answers nobody else."""
    if not token:
        raise Unauthorized("Azure DevOps wants a token and the project has none for this URL: add a git credential.")
    base, project, repository = _read_path(address)
    encoded = base64.b64encode(f":{token}".encode()).decode()
    rest = RestClient(client, base, (("authorization", f"Basic {encoded}"),), verify_tls=verify_tls)
    return Azure(rest, project, repository, web_url=f"{base}/{escape(project)}/_git/{escape(repository)}")


def _read_path(address: RepositoryAddress) -> tuple[str, str, str]:
    """Base of the organization or collection, project, repository."""
    if address.host.endswith(".visualstudio.com"):
        base = f"https://dev.azure.com/{escape(address.host.removesuffix('.visualstudio.com'))}"
        parts = address.parts[1:] if address.parts[:1] == ("DefaultCollection",) else address.parts
    elif address.is_ssh and address.parts[:1] == ("v3",) and len(address.parts) == 4:
        _, organization, project, repository = address.parts
        return f"https://dev.azure.com/{escape(organization)}", project, repository
    else:
        base = "/".join((address.web, *(escape(part) for part in address.parts[:-3])))
        parts = address.parts[-3:] if len(address.parts) > 3 else ()
    match parts:
        case (project, "_git", repository):
            return base, project, repository
        case ("_git", repository):
            # The repository that has the name of its project.
            return base, repository, repository
    raise address.unusable(_FORM)
