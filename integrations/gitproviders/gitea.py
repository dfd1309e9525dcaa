"""Pull requests of a repository on a Gitea or Forgejo.

Source: Kargo `pkg/gitprovider/gitea`; Gitea's API (swagger) and its router for pull requests.
Differs: labels are set, by the ids that the API wants (Kargo sends none); a refused merge is an error or "not yet",
where Kargo takes it for done.
"""

from datetime import datetime

from integrations.errors import IntegrationConflict, Rejected
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.base import Merged, MergeOutcome, NewPullRequest, NotReady, PullRequest, check_method
from integrations.gitproviders.rest import Answer, RestClient, escape, read_reason
from integrations.http import HttpClient

_DEFAULT_METHOD = "merge"
# With 405 these mean "not yet": still being checked, checks or reviews missing, marked as work in progress.
_NOT_YET = ("try again", "not ready", "in progress", "not have enough approvals", "checks")


class _Branch(Answer):
    ref: str = ""
    sha: str = ""


class _Pull(Answer):
    number: int
    url: str = ""
    html_url: str = ""
    state: str
    merged: bool = False
    merge_commit_sha: str | None = None
    mergeable: bool = False
    draft: bool = False
    head: _Branch
    base: _Branch
    created_at: datetime | None = None


class _Label(Answer):
    id: int
    name: str


class Gitea:
    """The pull requests of one repository."""

    merge_methods = ("merge", "rebase", "rebase-merge", "squash", "fast-forward-only", "manually-merged")
    has_labels = True

    def __init__(self, rest: RestClient, owner: str, repository: str) -> None:
        self._rest = rest
        self._owner = owner
        self._path = f"repos/{escape(owner)}/{escape(repository)}"

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        # Neither filters by branch in all versions.
        pages = self._rest.pages(
            *(f"{self._path}/pulls", list[_Pull]),
            to="list pull requests",
            params=(("state", "open"), ("limit", "50")),
        )
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
            # Looked up first: a label that is not there must not leave a pull request without it.
            "labels": self._find_labels(new.labels),
        }
        return _convert(self._rest.send("POST", f"{self._path}/pulls", body, _Pull, to="open a pull request"))

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """Nothing is left: one request opens it as a whole."""

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        pull = self._get(number)
        if pull.merged:
            return Merged(_convert(pull))
        if pull.state != "open":
            raise Rejected(f"pull request {number} is closed but not merged")
        check_method(method, self.merge_methods)
        if pull.draft or not pull.mergeable:
            return NotReady("is a draft" if pull.draft else "cannot be merged as it stands")
        path = f"{self._path}/pulls/{number}/merge"
        response = self._rest.try_("POST", path, {"Do": method or _DEFAULT_METHOD})
        if response.status == 405:
            said = read_reason(response)
            # An answer without a reason is that of a check that still runs.
            if not said or any(words in said.lower() for words in _NOT_YET):
                return NotReady(f"cannot be merged right now: {said or 'it is still being checked'}")
        if response.status == 409:
            # Its answer quotes git, at length.
            raise IntegrationConflict(
                f"pull request {number} conflicts with its target branch, or has diverged from it (fast-forward-only)"
            )
        self._rest.check(response, to=f"merge pull request {number}")
        return Merged(_convert(self._get(number)))

    def _get(self, number: int) -> _Pull:
        return self._rest.get(f"{self._path}/pulls/{number}", _Pull, to=f"read pull request {number}")

    def _find_labels(self, names: tuple[str, ...]) -> list[int]:
        if not names:
            return []
        known = {label.name: label.id for label in self._labels(f"{self._path}/labels")}
        if set(names) - known.keys():
            known = {**{label.name: label.id for label in self._labels_of_organization()}, **known}
        missing = [name for name in names if name not in known]
        if missing:
            raise Rejected(
                f"The labels {', '.join(missing)} do not exist in the repository. Make them there first, or leave "
                "them out."
            )
        return [known[name] for name in names]

    def _labels(self, path: str) -> list[_Label]:
        pages = self._rest.pages(path, list[_Label], to="list labels", params=(("limit", "50"),))
        return [label for page in pages for label in page]

    def _labels_of_organization(self) -> list[_Label]:
        path = f"orgs/{escape(self._owner)}/labels"
        # A person's repository has no organization, and not everybody may read the labels of one.
        return self._labels(path) if self._rest.try_("GET", path).status == 200 else []


def connect(
    client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
) -> Gitea:
    """The repository at an address; an empty token asks as nobody."""
    if len(address.parts) < 2:
        raise address.unusable("https://gitea.example.com/<owner>/<repository>")
    *prefix, owner, repository = address.parts
    base = "/".join((address.web, *prefix, "api/v1"))
    headers = (("authorization", f"token {token}"),) if token else ()
    return Gitea(RestClient(client, base, headers, verify_tls=verify_tls), owner, repository)


def _convert(pull: _Pull) -> PullRequest:
    return PullRequest(
        number=pull.number,
        url=pull.html_url or pull.url,
        is_open=pull.state == "open",
        is_merged=pull.merged,
        merge_commit=(pull.merge_commit_sha or "") if pull.merged else "",
        head_commit=pull.head.sha,
        created_at=pull.created_at,
    )
