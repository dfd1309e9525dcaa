"""Issues of one repository on github.com, *.ghe.com or a GitHub Enterprise Server, and their comments.

Source: GitHub docs, REST API "Issues", "Issue comments", "Search issues and pull requests".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.credentials import BasicAuth, SshKey, Token
from integrations.gitproviders.addresses import read_address
from integrations.gitproviders.github import open_api
from integrations.gitproviders.registry import find_token
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient

MOST_FOUND = 30


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue or a pull request; labels and assignees are names."""

    number: int
    title: str
    body: str
    state: str
    labels: tuple[str, ...]
    assignees: tuple[str, ...]
    url: str

    def to_json(self) -> dict[str, Any]:
        """As steps and their expressions see it."""
        return {
            "number": self.number,
            "title": self.title,
            "body": self.body,
            "state": self.state,
            "labels": list(self.labels),
            "assignees": list(self.assignees),
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that was written."""

    number: int
    url: str


class _Label(Answer):
    name: str = ""


class _User(Answer):
    login: str


class _Issue(Answer):
    number: int
    html_url: str
    title: str
    body: str | None = None
    state: str
    labels: tuple[_Label | str, ...] = ()
    assignees: list[_User] | None = None


class _Found(Answer):
    items: list[_Issue]


class _Comment(Answer):
    id: int
    html_url: str
    body: str | None = None


class GitHubIssues:
    """The issues of one repository."""

    def __init__(self, rest: RestClient, owner: str, repository: str) -> None:
        self._rest, self._owner, self._repository = rest, owner, repository
        self._path = f"repos/{escape(owner)}/{escape(repository)}/issues"

    def create(self, title: str, body: str, *, labels: Sequence[str], assignees: Sequence[str]) -> Issue:
        """Open an issue. Labels that do not exist are made by GitHub if the token may."""
        sent: dict[str, Any] = {"title": title, "body": body, "labels": list(labels), "assignees": list(assignees)}
        sent = {key: value for key, value in sent.items() if value}
        return _convert(self._rest.send("POST", self._path, sent, _Issue, to="create an issue"))

    def get(self, number: int) -> Issue:
        return _convert(self._rest.get(f"{self._path}/{number}", _Issue, to=f"read issue {number}"))

    def list_newest(self) -> list[Issue]:
        """The issues opened last, in any state; unlike a search this knows of one that was opened just now."""
        params = (("state", "all"), ("sort", "created"), ("direction", "desc"), ("per_page", "100"))
        return [_convert(item) for item in self._rest.get(self._path, list[_Issue], to="list issues", params=params)]

    def search(self, query: str) -> list[Issue]:
        """What the search index knows; it lags behind by up to a minute."""
        scoped = f"repo:{self._owner}/{self._repository} {query}"
        params = (("q", scoped), ("per_page", str(MOST_FOUND)))
        found = self._rest.get("search/issues", _Found, to="search issues", params=params)
        return [_convert(item) for item in found.items[:MOST_FOUND]]

    def update(self, number: int, fields: Mapping[str, Any]) -> None:
        """Set fields: title, body, state, labels, assignees; lists replace what was there."""
        self._rest.send("PATCH", f"{self._path}/{number}", dict(fields), _Issue, to=f"change issue {number}")

    def comment(self, number: int, body: str) -> Comment:
        """Write a comment under an issue or pull request."""
        sent = self._rest.send(
            "POST", f"{self._path}/{number}/comments", {"body": body}, _Comment, to=f"comment on issue {number}"
        )
        return Comment(sent.id, sent.html_url)

    def list_comments(self, number: int) -> list[tuple[Comment, str]]:
        """The comments of an issue with their texts, the oldest first."""
        pages = self._rest.pages(
            f"{self._path}/{number}/comments",
            list[_Comment],
            to=f"list comments of issue {number}",
            params=(("per_page", "100"),),
        )
        return [(Comment(c.id, c.html_url), c.body or "") for page in pages for c in page]

    def update_comment(self, comment_id: int, body: str) -> None:
        path = f"{self._path}/comments/{comment_id}"
        self._rest.send("PATCH", path, {"body": body}, _Comment, to=f"change comment {comment_id}")

    def delete_comment(self, comment_id: int) -> bool:
        """False when there was no such comment (any more)."""
        response = self._rest.try_("DELETE", f"{self._path}/comments/{comment_id}")
        if response.status in (404, 410):
            return False
        self._rest.check(response, to=f"delete comment {comment_id}")
        return True


def connect_issues(
    client: HttpClient, repo_url: str, credentials: BasicAuth | Token | SshKey | None, *, verify_tls: bool = True
) -> GitHubIssues:
    """The issues of a repository; without credentials asks as nobody. Raises a permanent IntegrationError."""
    address = read_address(repo_url)
    owner, repository = address.expect(2, "https://github.com/<owner>/<repository>")
    _, token = find_token(credentials)
    return GitHubIssues(open_api(client, address, token, verify_tls=verify_tls), owner, repository)


def _convert(issue: _Issue) -> Issue:
    return Issue(
        number=issue.number,
        title=issue.title,
        body=issue.body or "",
        state=issue.state,
        labels=tuple(label if isinstance(label, str) else label.name for label in issue.labels),
        assignees=tuple(user.login for user in issue.assignees or ()),
        url=issue.html_url,
    )
