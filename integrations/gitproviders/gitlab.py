"""Merge requests of a project on gitlab.com or a GitLab of one's own.

Source: Kargo `pkg/gitprovider/gitlab`; GitLab docs, "Merge requests API".
Differs: when GitLab made no merge commit (fast-forward), the squashed commit or the head counts as the merge commit;
a merge request that is `locked`, being merged just now, is not ready instead of an error.
"""

from datetime import datetime

from integrations.errors import Rejected
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.base import Merged, MergeOutcome, NewPullRequest, NotReady, PullRequest, check_method
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient


class _Merge(Answer):
    iid: int
    web_url: str
    state: str
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    source_branch: str
    target_branch: str
    created_at: datetime | None = None
    detailed_merge_status: str = ""


class GitLab:
    """The merge requests of one project; `project` is its full path, groups included."""

    merge_methods = ("merge", "squash")
    has_labels = True

    def __init__(self, rest: RestClient, project: str) -> None:
        self._rest = rest
        self._path = f"projects/{escape(project)}/merge_requests"

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        params = (
            ("state", "opened"),
            ("source_branch", source),
            ("target_branch", target),
            ("per_page", "100"),
        )
        pages = self._rest.pages(self._path, list[_Merge], to="list merge requests", params=params)
        return [
            _convert(merge)
            for page in pages
            for merge in page
            if (merge.source_branch, merge.target_branch) == (source, target)
        ]

    def get(self, number: int) -> PullRequest:
        return _convert(self._get(number))

    def create(self, new: NewPullRequest) -> PullRequest:
        body: dict[str, object] = {
            "title": new.title,
            "description": new.description,
            "source_branch": new.source,
            "target_branch": new.target,
        }
        if new.labels:
            body["labels"] = ",".join(new.labels)
        return _convert(self._rest.send("POST", self._path, body, _Merge, to="open a merge request"))

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """Nothing is left: one request opens it as a whole."""

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        merge = self._get(number)
        if merge.state == "merged":
            return Merged(_convert(merge))
        if merge.state == "locked":
            return NotReady("is being merged")
        if merge.state != "opened":
            raise Rejected(f"pull request {number} is closed but not merged")
        check_method(method, self.merge_methods)
        if merge.detailed_merge_status != "mergeable":
            return NotReady(f'has merge status "{merge.detailed_merge_status}"')
        body = {"squash": method == "squash"} if method else {}
        path = f"{self._path}/{number}/merge"
        merge = self._rest.send("PUT", path, body, _Merge, to=f"merge merge request {number}")
        return Merged(_convert(merge)) if merge.state == "merged" else NotReady("is queued in a merge train")

    def _get(self, number: int) -> _Merge:
        return self._rest.get(f"{self._path}/{number}", _Merge, to=f"read merge request {number}")


def connect(
    client: HttpClient, address: RepositoryAddress, username: str, token: str, *, verify_tls: bool = True
) -> GitLab:
    """The project at an address; an empty token asks as nobody."""
    if len(address.parts) < 2:
        raise address.unusable("https://gitlab.com/<group>/<project>")
    headers = (("private-token", token),) if token else ()
    return GitLab(
        RestClient(client, f"{address.web}/api/v4", headers, verify_tls=verify_tls), "/".join(address.parts)
    )


def _convert(merge: _Merge) -> PullRequest:
    is_merged = merge.state == "merged"
    commit = merge.merge_commit_sha or merge.squash_commit_sha or merge.sha or ""
    return PullRequest(
        number=merge.iid,
        url=merge.web_url,
        is_open=merge.state in ("opened", "locked"),
        is_merged=is_merged,
        merge_commit=commit if is_merged else "",
        head_commit=merge.sha or "",
        created_at=merge.created_at,
    )
