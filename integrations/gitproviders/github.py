"""Pull requests of a repository on github.com, *.ghe.com or a GitHub Enterprise Server.

Source: Kargo `pkg/gitprovider/github`; GitHub docs, REST API "Pull requests" and "Merge a pull request".
Differs: open pull requests are asked for with `owner:branch`, the form the API filters by; a test merge commit, which
GitHub makes for every open pull request, does not count as the merge commit.
"""

from datetime import datetime

from integrations.errors import Rejected
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.base import Merged, MergeOutcome, NewPullRequest, NotReady, PullRequest, check_method
from integrations.gitproviders.rest import Answer, RestClient, escape, read_reason
from integrations.http import HttpClient, HttpResponse

_READY = frozenset({"clean", "unstable", "has_hooks"})
# The rules of the repository are against it, or the base has moved on; some people may merge all the same.
_WORTH_TRYING = frozenset({"blocked", "behind"})
_NOT_YET = frozenset({"draft", "unknown"})


class _Branch(Answer):
    ref: str = ""
    sha: str


class _Pull(Answer):
    number: int
    html_url: str
    state: str
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None
    head: _Branch
    base: _Branch
    created_at: datetime | None = None
    draft: bool | None = None
    mergeable: bool | None = None
    mergeable_state: str | None = None


class _MergeResult(Answer):
    sha: str
    merged: bool = True


class GitHub:
    """The pull requests of one repository on GitHub."""

    merge_methods = ("merge", "squash", "rebase")
    has_labels = True

    def __init__(self, rest: RestClient, owner: str, repository: str) -> None:
        self._rest = rest
        self._owner = owner
        self._path = f"repos/{escape(owner)}/{escape(repository)}"

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        params = (
            ("state", "open"),
            ("head", f"{self._owner}:{source}"),
            ("base", target),
            ("per_page", "100"),
        )
        pages = self._rest.pages(f"{self._path}/pulls", list[_Pull], to="list pull requests", params=params)
        return [
            _convert(pull) for page in pages for pull in page if pull.head.ref == source and pull.base.ref == target
        ]

    def get(self, number: int) -> PullRequest:
        return _convert(self._get(number))

    def create(self, new: NewPullRequest) -> PullRequest:
        body = {
            "title": new.title,
            "body": new.description,
            "head": new.source,
            "base": new.target,
            "maintainer_can_modify": False,
        }
        pull = self._rest.send("POST", f"{self._path}/pulls", body, _Pull, to="open a pull request")
        self.finish(pull.number, new.labels)
        return _convert(pull)

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """GitHub takes labels only when the pull request is there; it has each of them once."""
        if labels:
            self._rest.ask(
                *("POST", f"{self._path}/issues/{number}/labels", {"labels": list(labels)}),
                to=f"label pull request {number}",
            )

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        pull = self._get(number)
        if pull.merged_at is not None:
            return Merged(_convert(pull))
        if pull.state != "open":
            raise Rejected(f"pull request {number} is closed but not merged")
        check_method(method, self.merge_methods)
        if (waiting := _find_obstacle(pull)) is not None:
            return waiting
        body = {"merge_method": method} if method else {}
        response = self._rest.try_("PUT", f"{self._path}/pulls/{number}/merge", body)
        if response.status == 405 and (waiting := _judge_refusal(pull, response)) is not None:
            return waiting
        to = f"merge pull request {number}"
        self._rest.check(response, to=to)
        # Asked no further: the merge is done, and whatever fails from here on must not look otherwise.
        sha = self._rest.read(response, _MergeResult, to=to).sha
        return Merged(PullRequest(number, pull.html_url, False, True, sha, pull.head.sha, pull.created_at))

    def _get(self, number: int) -> _Pull:
        return self._rest.get(f"{self._path}/pulls/{number}", _Pull, to=f"read pull request {number}")


def connect(
    client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
) -> GitHub:
    """The repository at an address; an empty token asks as nobody."""
    owner, repository = address.expect(2, "https://github.com/<owner>/<repository>")
    return GitHub(open_api(client, address, token, verify_tls=verify_tls), owner, repository)


def open_api(client: HttpClient, address: RepositoryAddress, token: str, *, verify_tls: bool = True) -> RestClient:
    """The REST API of the GitHub that a repository is at."""
    headers = [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")]
    if token:
        headers.append(("authorization", f"Bearer {token}"))
    return RestClient(client, api_url(address), tuple(headers), verify_tls=verify_tls)


def api_url(address: RepositoryAddress) -> str:
    """Where the API is: beside github.com and *.ghe.com, below /api/v3 of a server of one's own."""
    if address.host == "github.com":
        return "https://api.github.com"
    if address.host.endswith(".ghe.com"):
        return f"https://api.{address.host}"
    return f"{address.web}/api/v3"


def _find_obstacle(pull: _Pull) -> NotReady | None:
    state = pull.mergeable_state or ""
    if state == "dirty":
        raise Rejected(f"pull request {pull.number} has conflicts with its base branch")
    if state in _NOT_YET:
        return NotReady("is a draft" if state == "draft" else "is still looked at by GitHub")
    if state in _READY or state in _WORTH_TRYING:
        return None
    if pull.draft:
        return NotReady("is a draft")
    return None if pull.mergeable else NotReady("cannot be merged as it stands")


def _judge_refusal(pull: _Pull, response: HttpResponse) -> NotReady | None:
    """GitHub uses 405 for "not now" and for "never like this"; only the text tells."""
    said = read_reason(response)
    lowered = said.lower()
    if "base branch was modified" in lowered or "not mergeable" in lowered:
        return NotReady(f"cannot be merged right now: {said}")
    if "not allowed" in lowered or pull.mergeable_state not in _WORTH_TRYING:
        return None
    return NotReady(f"is held back by the rules of the repository: {said}")


def _convert(pull: _Pull) -> PullRequest:
    is_merged = pull.merged_at is not None
    return PullRequest(
        number=pull.number,
        url=pull.html_url,
        is_open=pull.state == "open",
        is_merged=is_merged,
        merge_commit=(pull.merge_commit_sha or "") if is_merged else "",
        head_commit=pull.head.sha,
        created_at=pull.created_at,
    )
