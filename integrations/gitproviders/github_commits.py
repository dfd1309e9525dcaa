"""Commits and branches of a repository on GitHub, made through its API so that GitHub itself signs them.

Source: Kargo `pkg/promotion/runner/builtin/github_pusher.go`; GitHub docs, REST API "Git database" and "Compare two
commits".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from integrations.errors import PushRejected
from integrations.gitproviders.addresses import RepositoryAddress
from integrations.gitproviders.github import open_api
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient

_COMMITS_PER_PAGE = 250


# An id goes into commands of git: it must not be able to look like an option.
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")]


class _Object(Answer):
    sha: Sha


class _Ref(Answer):
    object: _Object


class _Person(Answer):
    name: str = ""
    email: str = ""
    date: str = ""


class _CommitData(Answer):
    tree: _Object
    message: str = ""
    author: _Person | None = None
    committer: _Person | None = None


class Commit(Answer):
    """A commit as GitHub shows it."""

    sha: Sha
    commit: _CommitData
    parents: tuple[_Object, ...] = ()


class Comparison(Answer):
    """Where `head` is, seen from `base`: identical, ahead, behind or diverged. `commits`: the oldest first."""

    status: str
    total_commits: int
    merge_base_commit: _Object
    commits: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who vouches for a commit; name and e-mail address are empty when nobody is known."""

    is_trusted: bool
    name: str = ""
    email: str = ""


class GitHubCommits:
    """Commits and branches of one repository."""

    def __init__(self, rest: RestClient, owner: str, repository: str) -> None:
        self._rest = rest
        self._path = f"repos/{escape(owner)}/{escape(repository)}"

    def find_branch(self, branch: str) -> str | None:
        """The commit a branch is at; None when there is no such branch."""
        to = f'look at branch "{branch}"'
        response = self._rest.try_("GET", f"{self._path}/git/ref/heads/{quote(branch)}")
        if response.status == 404:
            return None
        self._rest.check(response, to=to)
        return self._rest.read(response, _Ref, to=to).object.sha

    def compare(self, base: str, head: str) -> Comparison:
        """Compare two commits; lists the first 250 of those that `base` lacks."""
        params = (("per_page", str(_COMMITS_PER_PAGE)),)
        return self._rest.get(
            f"{self._path}/compare/{base}...{head}", Comparison, to="compare commits", params=params
        )

    def create_commit(self, body: Mapping[str, Any]) -> str:
        """Make a commit of what GitHub has already; returns its id."""
        return self._rest.send("POST", f"{self._path}/git/commits", body, _Object, to="make a commit").sha

    def create_branch(self, branch: str, commit: str) -> None:
        """Make a branch. Raises Rejected when it is there already."""
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        self._rest.ask("POST", f"{self._path}/git/refs", body, to=f'make branch "{branch}"')

    def move_branch(self, branch: str, commit: str, *, force: bool) -> None:
        """Let a branch point at a commit. Raises PushRejected when the branch has moved on."""
        path = f"{self._path}/git/refs/heads/{quote(branch)}"
        response = self._rest.try_("PATCH", path, {"sha": commit, "force": force})
        if response.status == 422:
            raise PushRejected(f'Branch "{branch}" could not be moved: it has commits that are not here')
        self._rest.check(response, to=f'move branch "{branch}"')

    def delete_ref(self, ref: str) -> None:
        """Remove a ref, named in full."""
        self._rest.ask("DELETE", f"{self._path}/git/{quote(ref)}", to="remove our staging ref")


def connect_commits(client: HttpClient, address: RepositoryAddress, token: str, *, verify_tls: bool) -> GitHubCommits:
    """The commits of the repository at an address."""
    owner, repository = address.expect(2, "https://github.com/<owner>/<repository>")
    return GitHubCommits(open_api(client, address, token, verify_tls=verify_tls), owner, repository)


def replay(
    api: GitHubCommits,
    comparison: Comparison,
    *,
    find_signature: Callable[[str], Signature],
    verify_untrusted: bool,
) -> str:
    """Make the commits of a comparison again, on top of its merge base; returns the last one's id."""
    made = comparison.merge_base_commit.sha
    ids = {made: made}
    for commit in comparison.commits:
        body = build_commit(commit, find_signature(commit.sha), verify_untrusted=verify_untrusted)
        parents = (
            [ids.get(parent.sha, parent.sha) for parent in commit.parents] if len(commit.parents) > 1 else [made]
        )
        made = api.create_commit({**body, "parents": parents})
        ids[commit.sha] = made
    return made


def build_commit(commit: Commit, signature: Signature, *, verify_untrusted: bool) -> dict[str, Any]:
    """The request for a commit's double, without parents. One without an author is GitHub's to sign."""
    data = commit.commit
    body: dict[str, Any] = {"tree": data.tree.sha, "message": data.message}
    if not (signature.is_trusted or verify_untrusted):
        people = {"author": data.author, "committer": data.committer}
        return body | {role: person.model_dump() for role, person in people.items() if person is not None}
    author = data.author
    is_known = author is not None and author.name and author.email
    if author is not None and is_known and (author.name, author.email) != (signature.name, signature.email):
        # Kept as a trailer, for the commit itself names the account that signs.
        body["message"] = f"{data.message}\n\nCo-authored-by: {author.name} <{author.email}>"
    return body
