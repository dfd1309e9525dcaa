"""The client of Argo CD's server: the calls that promotions and health checks need.

Source: Argo CD docs, API; its server's code for what a sync takes from the request and what from the token.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

from integrations.argocd.applications import Application, read_application
from integrations.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unreachable
from integrations.http import HttpClient, HttpPolicy, HttpResponse

# Its server answers a refresh when the controller is done: it may have to fetch a repository first.
_REFRESH_TIMEOUT = timedelta(seconds=30)
_LONGEST_SAID = 300


class OperationInProgress(IntegrationError):
    """The application does something already; ask again when that is over."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class SyncBlocked(IntegrationError):
    """A sync window of the application's project is closed; it may open later."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where Argo CD's server is and who we are there; `namespace` holds applications that name none."""

    url: str
    token: str = field(repr=False)
    namespace: str = "argocd"
    verify_tls: bool = True


class ArgoCD:
    """Talks to one server. Every method raises IntegrationError; what is missing or hidden is a NotFound."""

    def __init__(self, client: HttpClient, connection: Connection) -> None:
        self._client = client
        self._base = connection.url.rstrip("/")
        self._host = urlsplit(self._base).netloc.rpartition("@")[2]
        self._headers = {"authorization": f"Bearer {connection.token}", "accept": "application/json"}

    def find_user(self) -> str:
        """Name of the account the token belongs to. Raises Unauthorized when it is not valid (any more)."""
        answer = self._ask("GET", "/api/v1/session/userinfo", wanted="ask who the token belongs to")
        if not answer.get("loggedIn"):
            raise Unauthorized(self._say_bad_token("does not know the token"))
        return str(answer.get("username") or "")

    def get_application(self, name: str, namespace: str) -> Application:
        """The application as the server has it now."""
        return self._get(name, namespace, ())

    def refresh_application(self, name: str, namespace: str) -> Application:
        """Have Argo CD compare the application anew, manifest cache dropped; gives it as it stands after that."""
        return self._get(name, namespace, (("refresh", "hard"),), timeout=_REFRESH_TIMEOUT)

    def list_applications(self, selector: str, namespace: str) -> list[Application]:
        """Applications of a namespace by labels (`a=b,c in (x,y),!d`), sorted by name."""
        answer = self._ask(
            "GET",
            "/api/v1/applications",
            params=(("selector", selector), ("appNamespace", namespace)),
            wanted=f'list the applications in namespace "{namespace}"',
        )
        items = answer.get("items") or []
        found = [self._read(item) for item in items] if isinstance(items, list) else self._refuse_garbage()
        # Servers from before "applications in any namespace" do not know appNamespace.
        return sorted((app for app in found if app.namespace == namespace), key=lambda app: app.name)

    def change_sources(self, application: Application, sources: Sequence[Mapping[str, Any]]) -> None:
        """Put these sources, whole ones, in the place of those in the application's manifest."""
        spec: dict[str, Any] = {"sources": list(sources)} if application.is_multi_source else {"source": sources[0]}
        body = {
            "name": application.name,
            "appNamespace": application.namespace,
            "patchType": "merge",
            "patch": json.dumps({"spec": spec}),
        }
        self._ask("PATCH", _path(application.name), body=body, wanted=f"change the sources of {application}")

    def sync(self, application: Application, *, infos: Mapping[str, str]) -> None:
        """Start a sync to what the sources say; the infos stay with the operation.

        Retries and sync options are those of the application. Raises OperationInProgress and SyncBlocked.
        """
        body: dict[str, Any] = {
            "name": application.name,
            "appNamespace": application.namespace,
            "infos": [{"name": name, "value": value} for name, value in infos.items()],
        }
        if application.retry is not None:
            body["retryStrategy"] = dict(application.retry)
        if application.sync_options:
            body["syncOptions"] = {"items": list(application.sync_options)}
        self._ask("POST", f"{_path(application.name)}/sync", body=body, wanted=f"sync {application}")

    def _get(
        self, name: str, namespace: str, params: tuple[tuple[str, str], ...], *, timeout: timedelta | None = None
    ) -> Application:
        answer = self._ask(
            "GET",
            _path(name),
            params=(*params, ("appNamespace", namespace)),
            wanted=f'read Argo CD Application "{name}" in namespace "{namespace}"',
            timeout=timeout,
        )
        return self._read(answer)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        wanted: str,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        timeout: timedelta | None = None,
    ) -> dict[str, Any]:
        response = self._client.request(
            method,
            self._base + path,
            headers={**self._headers, "content-type": "application/json"},
            params=params,
            content=None if body is None else json.dumps(body).encode(),
            timeout=timeout,
            # A refresh that takes long would take long again.
            retry=False if timeout else None,
        )
        if not 200 <= response.status < 300:
            self._refuse(response, wanted, is_reading=method == "GET")
        try:
            answer = json.loads(response.body)
        except ValueError:
            self._refuse_garbage()
        return answer if isinstance(answer, dict) else self._refuse_garbage()

    def _read(self, data: Any) -> Application:
        try:
            return read_application(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._refuse_garbage()

    def _refuse(self, response: HttpResponse, wanted: str, *, is_reading: bool) -> NoReturn:
        """What the server said (its JSON has a `message`) decides more than the status does."""
        said = _read_message(response)
        text = f"Argo CD at {self._host} answered {response.status} while we wanted to {wanted}" + (
            f": {said}" if said else ""
        )
        lower = said.lower()
        if "another operation is already in progress" in lower:
            raise OperationInProgress(text)
        if "blocked by sync window" in lower:
            raise SyncBlocked(text)
        if response.status == 401:
            raise Unauthorized(self._say_bad_token("does not accept the token"))
        if response.status == 403 and is_reading:
            # So that nobody can find out names, it does not tell what is missing from what is hidden.
            raise NotFound(f"{text}. It does not exist there, or the account of the token may not see it.")
        if response.status == 403:
            raise Unauthorized(
                f"{text}. The account of the token may not do this: give it applications get, update and sync in "
                "Argo CD's RBAC."
            )
        if response.status == 404:
            raise NotFound(f"{text}. Check name and namespace.")
        if response.status == 429:
            raise RateLimited(f"{text}. It is tried again later.", retry_after=response.retry_after)
        if response.status >= 500 or response.status in (408, 409):
            raise Unreachable(f"{text}. It is tried again later.")
        raise Rejected(text)

    def _say_bad_token(self, fact: str) -> str:
        return (
            f"Argo CD at {self._host} {fact}: it is wrong, has run out or was revoked. Make a new one for the "
            "account (`argocd account generate-token`) and put it in the connection."
        )

    def _refuse_garbage(self) -> NoReturn:
        raise IntegrationError(
            f"{self._host} does not answer as Argo CD's server does. Check the address: it is the one that the "
            "argocd command line tool logs in to, with http:// or https:// before it.",
            permanent=True,
        )


@contextmanager
def open_argocd(connection: Connection, policy: HttpPolicy, user_agent: str) -> Iterator[ArgoCD]:
    """A client for as long as the block runs; its host is allowed wherever it is, for an operator named it."""
    allowed = policy.allowed_hosts | {urlsplit(connection.url).hostname or ""}
    policy = dataclasses.replace(
        policy, allowed_hosts=allowed, verify_tls=policy.verify_tls and connection.verify_tls
    )
    with HttpClient(policy, user_agent) as client:
        yield ArgoCD(client, connection)


def _path(name: str) -> str:
    return f"/api/v1/applications/{quote(name, safe='')}"


def _read_message(response: HttpResponse) -> str:
    try:
        answer = json.loads(response.body)
    except ValueError:
        return ""
    said = (answer.get("message") or answer.get("error") or "") if isinstance(answer, dict) else ""
    return str(said)[:_LONGEST_SAID].rstrip(".")
