"""Pull requests of a repository on a Bitbucket Data Center (or Server) of one's own.

Source: Kargo `pkg/gitprovider/bitbucket/datacenter`; Atlassian docs, "Bitbucket Data Center REST API".
Differs: the merge commit is told where the server knows it; plain http and ssh addresses are understood. There are no
labels.
"""

from datetime import UTC, datetime

from integrations.errors import Rejected
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.base import Merged, MergeOutcome, NewPullRequest, NotReady, PullRequest, check_method
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient

_PAGE = 100
_FORM = "https://bitbucket.example.com/scm/<project>/<repository>"


class _Link(Answer):
    href: str = ""


class _Links(Answer):
    self: tuple[_Link, ...] = ()


class _Ref(Answer):
    displayId: str = ""  # noqa: N815  # names of the API
    latestCommit: str = ""  # noqa: N815


class _Commit(Answer):
    id: str = ""


class _Properties(Answer):
    mergeCommit: _Commit = _Commit()  # noqa: N815


class _Pull(Answer):
    id: int
    version: int = 0
    state: str
    draft: bool = False
    links: _Links = _Links()
    fromRef: _Ref  # noqa: N815
    toRef: _Ref  # noqa: N815
    properties: _Properties = _Properties()
    # Milliseconds since 1970.
    createdDate: int | None = None  # noqa: N815


class _Page(Answer):
    values: list[_Pull]
    isLastPage: bool = True  # noqa: N815
    nextPageStart: int | None = None  # noqa: N815


class BitbucketDataCenter:
    """The pull requests of one repository; a person's project has the key `~name`."""

    merge_methods = (
        *("no-ff", "ff", "ff-only", "rebase-no-ff", "rebase-ff-only"),
        *("squash", "squash-ff-only"),
    )
    has_labels = False

    def __init__(self, rest: RestClient, project: str, repository: str) -> None:
        self._rest = rest
        self._project, self._repository = project, repository
        self._path = f"projects/{escape(project)}/repos/{escape(repository)}/pull-requests"

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        query = f"state=OPEN&limit={_PAGE}"

        def next_page(_: object, page: _Page) -> str | None:
            is_last = page.isLastPage or page.nextPageStart is None
            return None if is_last else f"{self._path}?{query}&start={page.nextPageStart}"

        pages = self._rest.pages(f"{self._path}?{query}", _Page, to="list pull requests", next_page=next_page)
        return [
            _convert(pull)
            for page in pages
            for pull in page.values
            if (pull.fromRef.displayId, pull.toRef.displayId) == (source, target)
        ]

    def get(self, number: int) -> PullRequest:
        return _convert(self._get(number))

    def create(self, new: NewPullRequest) -> PullRequest:
        repository = {"slug": self._repository, "project": {"key": self._project}}
        body = {
            "title": new.title,
            "description": new.description,
            "fromRef": {"id": f"refs/heads/{new.source}", "repository": repository},
            "toRef": {"id": f"refs/heads/{new.target}", "repository": repository},
        }
        return _convert(self._rest.send("POST", self._path, body, _Pull, to="open a pull request"))

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """Nothing is left: one request opens it as a whole."""

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        pull = self._get(number)
        if pull.state == "MERGED":
            return Merged(_convert(pull))
        if pull.state != "OPEN":
            raise Rejected(f"pull request {number} is closed but not merged (state: {pull.state})")
        check_method(method, self.merge_methods)
        if pull.draft:
            return NotReady("is a draft")
        pull = self._rest.send(
            *("POST", f"{self._path}/{number}/merge", {"strategyId": method} if method else {}, _Pull),
            to=f"merge pull request {number}",
            # Refused when somebody changed the pull request since.
            params=(("version", str(pull.version)),),
        )
        if pull.state != "MERGED":
            raise Rejected(f"pull request {number} has the unexpected state {pull.state} after its merge")
        return Merged(_convert(pull))

    def _get(self, number: int) -> _Pull:
        return self._rest.get(f"{self._path}/{number}", _Pull, to=f"read pull request {number}")


def connect(
    client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
) -> BitbucketDataCenter:
    """The repository at an address; an empty token asks as nobody."""
    base, project, repository = _read_path(address)
    headers = (("authorization", f"Bearer {token}"),) if token else ()
    return BitbucketDataCenter(
        RestClient(client, f"{base}/rest/api/latest", headers, verify_tls=verify_tls), project, repository
    )


def _read_path(address: RepositoryAddress) -> tuple[str, str, str]:
    """Base of the server, key of the project, slug of the repository."""
    match address.parts:
        case (*prefix, "scm", project, repository):
            pass
        case (*prefix, "projects", project, "repos", repository):
            pass
        case (*prefix, "users", user, "repos", repository):
            project = f"~{user}"
        case (project, repository) if address.is_ssh:
            prefix = []
        case _:
            raise address.unusable(_FORM)
    return "/".join((address.web, *prefix)), project, repository


def _convert(pull: _Pull) -> PullRequest:
    is_merged = pull.state == "MERGED"
    created = None if pull.createdDate is None else datetime.fromtimestamp(pull.createdDate / 1000, UTC)
    return PullRequest(
        number=pull.id,
        url=next((link.href for link in pull.links.self), ""),
        is_open=pull.state == "OPEN",
        is_merged=is_merged,
        merge_commit=pull.properties.mergeCommit.id if is_merged else "",
        head_commit=pull.fromRef.latestCommit,
        created_at=created,
    )
