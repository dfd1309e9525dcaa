"""One Jira site: issues, comments, transitions, search.

Source: Atlassian docs, Jira Cloud platform REST API v3.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from integrations.credentials import BasicAuth
from integrations.errors import IntegrationError, Rejected
from integrations.gitproviders.rest import Answer, RestClient, escape
from integrations.http import HttpClient, HttpResponse

_MOST_SAID = 300
# Under this key an issue or comment keeps who made it: found again by whoever repeats an interrupted request.
_PROPERTY = "kargoweb"


@dataclass(frozen=True, slots=True)
class Transition:
    """A way out of the present status."""

    number: str
    name: str
    target: str


class _Created(Answer):
    key: str


class _Status(Answer):
    name: str


class _StatusFields(Answer):
    status: _Status


class _WithStatus(Answer):
    fields: _StatusFields


class _Transition(Answer):
    id: str
    name: str
    to: _Status


class _Transitions(Answer):
    transitions: tuple[_Transition, ...]


class _User(Answer):
    accountId: str  # noqa: N815  # Jira's spelling
    emailAddress: str | None = None  # noqa: N815


class _Comment(Answer):
    id: str
    properties: tuple[dict[str, Any], ...] = ()


class _Comments(Answer):
    comments: tuple[_Comment, ...]


class _Found(Answer):
    issues: tuple[dict[str, Any], ...] = ()


class Jira:
    """What steps do with Jira. Open it by `connect_jira`."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    def create_issue(self, fields: Mapping[str, Any], *, mark: str) -> str:
        """Make an issue; answers its key. `mark` is kept with it, unseen by people."""
        body = {"fields": dict(fields), "properties": [{"key": _PROPERTY, "value": {"mark": mark}}]}
        return self._rest.send("POST", "issue", body, _Created, to="create a Jira issue").key

    def find_marked_issue(self, project_key: str, mark: str) -> str | None:
        """The key of the issue of the last day that was made with this mark."""
        jql = f"project = {_quote(project_key)} AND created >= -1d ORDER BY created DESC"
        found = self._search(jql, fields=["key"], most=100, properties=[_PROPERTY])
        for issue in found:
            kept = (issue.get("properties") or {}).get(_PROPERTY) or {}
            if isinstance(kept, dict) and kept.get("mark") == mark:
                return str(issue["key"])
        return None

    def update_issue(
        self,
        key: str,
        fields: Mapping[str, Any],
        *,
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> None:
        labels = [*({"add": name} for name in add_labels), *({"remove": name} for name in remove_labels)]
        body: dict[str, Any] = {"fields": dict(fields)} if fields else {}
        if labels:
            body["update"] = {"labels": labels}
        if body:
            self._rest.ask("PUT", f"issue/{escape(key)}", body, to=f"change Jira issue {key}")

    def read_status(self, key: str) -> str:
        path = f"issue/{escape(key)}"
        to = f"read the status of Jira issue {key}"
        return self._rest.get(path, _WithStatus, to=to, params=(("fields", "status"),)).fields.status.name

    def list_transitions(self, key: str) -> list[Transition]:
        """The ways out of the present status that this account may take."""
        path, to = f"issue/{escape(key)}/transitions", f"list transitions of Jira issue {key}"
        found = self._rest.get(path, _Transitions, to=to).transitions
        return [Transition(way.id, way.name, way.to.name) for way in found]

    def transition(self, key: str, transition_id: str) -> None:
        body = {"transition": {"id": transition_id}}
        self._rest.ask("POST", f"issue/{escape(key)}/transitions", body, to=f"move Jira issue {key}")

    def delete_issue(self, key: str, *, with_subtasks: bool) -> bool:
        """False when there was no such issue (any more)."""
        query = "?deleteSubtasks=true" if with_subtasks else ""
        return self._delete(f"issue/{escape(key)}{query}", to=f"delete Jira issue {key}")

    def search(self, jql: str, *, fields: Sequence[str], expands: Sequence[str]) -> list[dict[str, Any]]:
        """The first two issues of a search, as Jira gives them: enough to tell one from several."""
        return self._search(jql, fields=list(fields) or ["*navigable"], most=2, expands=expands)

    def comment(self, key: str, body: Mapping[str, Any], *, mark: str) -> str:
        """Comment on an issue with a document; answers the comment's id."""
        sent = {"body": dict(body), "properties": [{"key": _PROPERTY, "value": {"mark": mark}}]}
        path = f"issue/{escape(key)}/comment"
        return self._rest.send("POST", path, sent, _Comment, to=f"comment on Jira issue {key}").id

    def find_marked_comment(self, key: str, mark: str) -> str | None:
        """The id of the comment that was made with this mark, among the newest hundred."""
        params = (("orderBy", "-created"), ("maxResults", "100"), ("expand", "properties"))
        path, to = f"issue/{escape(key)}/comment", f"list comments of Jira issue {key}"
        for comment in self._rest.get(path, _Comments, to=to, params=params).comments:
            if any((kept.get("value") or {}) == {"mark": mark} for kept in comment.properties):
                return comment.id
        return None

    def delete_comment(self, key: str, comment_id: str) -> bool:
        """False when there was no such comment (any more)."""
        path = f"issue/{escape(key)}/comment/{escape(comment_id)}"
        return self._delete(path, to=f"delete comment {comment_id} of Jira issue {key}")

    def find_account(self, email: str) -> str:
        """The account id of a person. Raises Rejected when nobody, or not one person alone, is found."""
        params = (("query", email),)
        users = self._rest.get("user/search", list[_User], to="look for a Jira user", params=params)
        exact = [user for user in users if (user.emailAddress or "").lower() == email.lower()]
        found = exact or users
        if len(found) != 1:
            many = "several people" if found else "nobody"
            raise Rejected(
                f'Jira knows {many} with the e-mail address "{email}". Check it, or leave the assignee out.'
            )
        return found[0].accountId

    def _search(
        self,
        jql: str,
        *,
        fields: list[str],
        most: int,
        expands: Sequence[str] = (),
        properties: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        body: dict[str, Any] = {"jql": jql, "fields": fields, "maxResults": most}
        if expands:
            body["expand"] = ",".join(expands)
        if properties:
            body["properties"] = list(properties)
        return list(self._rest.send("POST", "search/jql", body, _Found, to="search Jira").issues)

    def _delete(self, path: str, *, to: str) -> bool:
        response = self._rest.try_("DELETE", path)
        if response.status == 404:
            return False
        self._rest.check(response, to=to)
        return True


class _JiraRest(RestClient):
    """Jira tells its reasons in a form of its own."""

    def check(self, response: HttpResponse, *, to: str) -> None:
        response.raise_for_status(to, said=_read_reason(response))


def connect_jira(client: HttpClient, site: str, credentials: BasicAuth) -> Jira:
    """A site such as https://acme.atlassian.net. Raises a permanent IntegrationError for what is no address."""
    address = site.strip() if "://" in site else f"https://{site.strip()}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise IntegrationError(
            "The domain in Jira's secret is not the address of a site, such as https://acme.atlassian.net.",
            permanent=True,
        )
    login = b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
    return Jira(_JiraRest(client, f"{address.rstrip('/')}/rest/api/3", (("authorization", f"Basic {login}"),)))


def _quote(text: str) -> str:
    return json.dumps(text)


def _read_reason(response: HttpResponse) -> str:
    try:
        said = json.loads(response.body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    messages = [str(text) for text in said.get("errorMessages") or () if text]
    errors = said.get("errors")
    if isinstance(errors, dict):
        messages += [f"{field}: {text}" for field, text in errors.items()]
    return " ".join("; ".join(messages).split())[:_MOST_SAID]
