"""Pull requests of a repository on bitbucket.org.

Source: Kargo `pkg/gitprovider/bitbucket/cloud`; Atlassian docs, "Bitbucket Cloud REST API", pull requests.
Differs: an Atlassian account's API token (the user name is an e-mail address) goes as basic authentication, all
others as bearer tokens; a merge that Bitbucket finishes later is "not ready", not an error. There are no labels.
"""

import base64
from datetime import datetime

from pydantic import Field

from integrations.errors import Rejected
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.base import Merged, MergeOutcome, NewPullRequest, NotReady, PullRequest, check_method
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient

_API_URL = "https://api.bitbucket.org/2.0"


class _Link(Answer):
    href: str = ""


class _Links(Answer):
    html: _Link = _Link()


class _Commit(Answer):
    hash: str = ""


class _Branch(Answer):
    name: str = ""


class _End(Answer):
    branch: _Branch = _Branch()
    commit: _Commit | None = None


class _Pull(Answer):
    id: int
    state: str
    draft: bool = False
    links: _Links = _Links()
    source: _End
    destination: _End
    merge_commit: _Commit | None = None
    created_on: datetime | None = None


class _Page(Answer):
    values: list[_Pull]
    next: str | None = Field(default=None)


class BitbucketCloud:
    """The pull requests of one repository."""

    # As the API lists them.
    merge_methods = (
        *("merge_commit", "squash", "fast_forward", "squash_fast_forward"),
        *("rebase_fast_forward", "rebase_merge"),
    )
    has_labels = False

    def __init__(self, rest: RestClient, workspace: str, repository: str) -> None:
        self._rest = rest
        self._path = f"repositories/{escape(workspace)}/{escape(repository)}"

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        pages = self._rest.pages(
            *(f"{self._path}/pullrequests", _Page),
            to="list pull requests",
            params=(("state", "OPEN"), ("pagelen", "50")),
            next_page=lambda _, page: page.next,
        )
        return [
            self._convert(pull)
            for page in pages
            for pull in page.values
            if (pull.source.branch.name, pull.destination.branch.name) == (source, target)
        ]

    def get(self, number: int) -> PullRequest:
        return self._convert(self._get(number))

    def create(self, new: NewPullRequest) -> PullRequest:
        body = {
            "title": new.title,
            "description": new.description,
            "source": {"branch": {"name": new.source}},
            "destination": {"branch": {"name": new.target}},
        }
        path = f"{self._path}/pullrequests"
        return self._convert(self._rest.send("POST", path, body, _Pull, to="open a pull request"))

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """Nothing is left: one request opens it as a whole."""

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        pull = self._get(number)
        if pull.state == "MERGED":
            return Merged(self._convert(pull))
        if pull.state != "OPEN":
            raise Rejected(f"pull request {number} is closed but not merged (state: {pull.state})")
        check_method(method, self.merge_methods)
        if pull.draft:
            return NotReady("is a draft")
        body = {"type": "pullrequest_merge_parameters", **({"merge_strategy": method} if method else {})}
        to = f"merge pull request {number}"
        response = self._rest.ask("POST", f"{self._path}/pullrequests/{number}/merge", body, to=to)
        if response.status == 202:
            return NotReady("is being merged by Bitbucket")
        pull = self._rest.read(response, _Pull, to=to)
        if pull.state != "MERGED":
            raise Rejected(f"pull request {number} has the unexpected state {pull.state} after its merge")
        return Merged(self._convert(pull))

    def _get(self, number: int) -> _Pull:
        return self._rest.get(f"{self._path}/pullrequests/{number}", _Pull, to=f"read pull request {number}")

    def _convert(self, pull: _Pull) -> PullRequest:
        is_merged = pull.state == "MERGED"
        return PullRequest(
            number=pull.id,
            url=pull.links.html.href,
            is_open=pull.state == "OPEN",
            is_merged=is_merged,
            merge_commit=self._whole_id(pull.merge_commit) if is_merged else "",
            head_commit=pull.source.commit.hash if pull.source.commit else "",
            created_at=pull.created_on,
        )

    def _whole_id(self, commit: _Commit | None) -> str:
        """The merge commit comes as the first twelve digits; the commit itself tells all of them."""
        if commit is None or not commit.hash:
            return ""
        path = f"{self._path}/commit/{escape(commit.hash)}"
        return self._rest.get(path, _Commit, to="read the merge commit").hash


def connect(
    client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
) -> BitbucketCloud:
    """The repository at an address; an empty token asks as nobody."""
    workspace, repository = address.expect(2, "https://bitbucket.org/<workspace>/<repository>")
    rest = RestClient(client, _API_URL, login_headers(username, token), verify_tls=verify_tls)
    return BitbucketCloud(rest, workspace, repository)


def login_headers(username: str, token: str) -> tuple[tuple[str, str], ...]:
    """How a token is presented; access tokens have no e-mail address beside them."""
    if not token:
        return ()
    if "@" in username:
        encoded = base64.b64encode(f"{username}:{token}".encode()).decode()
        return (("authorization", f"Basic {encoded}"),)
    return (("authorization", f"Bearer {token}"),)
