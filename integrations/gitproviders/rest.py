"""One REST API behind the one HTTP client: JSON in, checked models out, errors in the provider's own words.

The token goes to the API's own origin only, also when an answer names the address of the next page.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from integrations.errors import IntegrationError
from integrations.http import HttpClient, HttpResponse

MAX_PAGES = 50

_MAX_SAID = 300
_NEXT_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)

_Model = TypeVar("_Model")
Params = tuple[tuple[str, str], ...]


class Answer(BaseModel):
    """Base of what an API sends: fields we do not know are none of our business."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RestClient:
    """Sends JSON to paths below `base_url`. `headers` carry the credentials. `to` completes "we wanted to ..."."""

    def __init__(
        self, client: HttpClient, base_url: str, headers: tuple[tuple[str, str], ...] = (), *, verify_tls: bool = True
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = client
        self._headers = (("accept", "application/json"), *headers)
        self._verify_tls = verify_tls

    def get(self, path: str, kind: type[_Model], *, to: str, params: Params = ()) -> _Model:
        """Read one thing."""
        return self.read(self.ask("GET", path, to=to, params=params), kind, to=to)

    def send(
        self, method: str, path: str, body: object, kind: type[_Model], *, to: str, params: Params = ()
    ) -> _Model:
        """Write once, never again by itself, and read the answer."""
        return self.read(self.ask(method, path, body, to=to, params=params), kind, to=to)

    def ask(self, method: str, path: str, body: object = None, *, to: str, params: Params = ()) -> HttpResponse:
        """Send one request; raises unless the answer is 2xx."""
        response = self.try_(method, path, body, params=params)
        self.check(response, to=to)
        return response

    def try_(self, method: str, path: str, body: object = None, *, params: Params = ()) -> HttpResponse:
        """Send one request and give back whatever is answered. Only reading is repeated by itself."""
        content = None if body is None else json.dumps(body).encode()
        headers = self._headers if content is None else (*self._headers, ("content-type", "application/json"))
        return self._client.request(
            method,
            self._own(path),
            headers=headers,
            params=params,
            content=content,
            retry=method == "GET",
            verify_tls=self._verify_tls,
        )

    def check(self, response: HttpResponse, *, to: str) -> None:
        """Raise unless the status is 2xx, with the reason the provider gives."""
        response.raise_for_status(to, said=read_reason(response))

    def read(self, response: HttpResponse, kind: type[_Model], *, to: str) -> _Model:
        """Check the body against a model; what does not fit may be a proxy's page and gets another try."""
        try:
            return TypeAdapter(kind).validate_json(response.body)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in details["loc"]) or "the body"
            raise IntegrationError(
                f"{urlsplit(self.base_url).netloc} answered {response.status} while we wanted to {to}, but not with "
                f"what its API promises ({where}: {details['msg']}). Check that the URL and the provider are right.",
                permanent=False,
            ) from error

    def pages(
        self,
        path: str,
        kind: type[_Model],
        *,
        to: str,
        params: Params = (),
        next_page: Callable[[HttpResponse, _Model], str | None] | None = None,
    ) -> Iterator[_Model]:
        """Read page after page; `next_page` finds the next address, by default in the Link header."""
        url: str | None = path
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= MAX_PAGES:
                raise IntegrationError(
                    f"{urlsplit(self.base_url).netloc} does not come to an end while we wanted to {to}: its pages "
                    f"repeat or are more than {MAX_PAGES}.",
                    permanent=True,
                )
            seen.add(url)
            response = self.ask("GET", url, to=to, params=() if len(seen) > 1 else params)
            page = self.read(response, kind, to=to)
            yield page
            url = (next_page or _next_link)(response, page)

    def _own(self, path: str) -> str:
        """A full address, which must be the API's own origin: the request carries the token."""
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        if urlsplit(url)[:2] != urlsplit(self.base_url)[:2]:
            raise IntegrationError(
                f"{urlsplit(self.base_url).netloc} sends us to another host for the rest of its answer, which we do "
                "not follow. Check that the URL and the provider are right.",
                permanent=True,
            )
        return url


def escape(part: str) -> str:
    """One segment of a path, whatever it holds."""
    return quote(part, safe="")


def read_reason(response: HttpResponse) -> str:
    """What an error's JSON gives as its reason, in one short line; empty when it says nothing we understand."""
    try:
        found = _strings(json.loads(response.body))
    except (ValueError, RecursionError):
        return ""
    return " ".join("; ".join(dict.fromkeys(found)).split())[:_MAX_SAID]


def _strings(value: Any) -> Iterator[str]:
    """The texts below the keys that the five providers use for reasons."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value[:5]:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key in ("message", "error", "error_description", "errors", "detail", "base"):
            if key in value:
                yield from _strings(value[key])


def _next_link(response: HttpResponse, _page: object) -> str | None:
    found = _NEXT_LINK.search(", ".join(response.headers.get_all("link")))
    return urljoin(response.url, found[1]) if found else None
