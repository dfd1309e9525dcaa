"""The one HTTP client: time-outs, retries, redirects, size limits and a guard on the addresses it calls.

An answer of any status comes back as an HttpResponse; `raise_for_status` turns the bad ones into errors of
the IntegrationError family. Messages name the host only: paths, queries and user names may hold secrets.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import BinaryIO, NoReturn
from urllib.parse import urlencode, urljoin

import httpcore
import httpx
import tenacity

from integrations.errors import IntegrationError, NotFound, RateLimited, Rejected, Unauthorized, Unreachable
from integrations.http_limits import is_rate_limit, read_pause
from integrations.http_policy import HttpPolicy
from integrations.http_transport import TRUST_ANY, BlockedAddress, GuardedTransport, deadline_in

__all__ = ["BlockedAddress", "BodyTooLarge", "HttpClient", "HttpHeaders", "HttpPolicy", "HttpResponse"]

HeaderInput = Mapping[str, str] | Iterable[tuple[str, str]]

REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
REPEATABLE_STATUSES = frozenset({429, 500, 502, 503, 504})
# Never handed to another origin than the one they were meant for.
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "private-token",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-jfrog-art-api",
    }
)


@dataclass(frozen=True)
class HttpHeaders:
    """Headers of an answer in the order received; names may repeat, their case does not matter."""

    items: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.get_all(name)), None)

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.items if key.lower() == name.lower()]


@dataclass(frozen=True)
class HttpResponse:
    """A whole answer; `url` is where it came from, after redirects."""

    status: int
    headers: HttpHeaders
    body: bytes
    url: str

    @property
    def retry_after(self) -> timedelta | None:
        """The pause the server asks for: Retry-After, or the reset of a rate limit that is used up."""
        return read_pause(self.status, self.headers.get)

    @property
    def is_rate_limited(self) -> bool:
        """The server wants a pause; many say so with 403 and headers of their own."""
        return is_rate_limit(self.status, self.headers.get, self.body)

    def raise_for_status(self, expectation: str, *, said: str = "") -> None:
        """Raise unless the status is 2xx; `expectation` completes "while we wanted to ...": "list tags".

        `said` is what the server gave as its reason, fit to be shown.
        """
        if not 200 <= self.status < 300:
            _raise_for_status(self, expectation, f' It said: "{said}"' if said else "")


class HttpClient:
    """Sends requests under one policy. Thread-safe; close it, or use it as a context manager."""

    def __init__(self, policy: HttpPolicy, user_agent: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.policy = policy
        self._sleep = sleep
        self._backoff = tenacity.wait_exponential(
            multiplier=0.25, max=policy.longest_wait.total_seconds()
        ) + tenacity.wait_random(0, 0.25)
        self._client = httpx.Client(
            transport=GuardedTransport(policy),
            headers={"user-agent": user_agent},
            # Cookies of one project's session must not reach the next request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            event_hooks={"response": [_check_location]},
            trust_env=False,
        )

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: HeaderInput = (),
        params: Iterable[tuple[str, str]] = (),
        content: bytes | None = None,
        timeout: timedelta | None = None,
        max_body_bytes: int | None = None,
        retry: bool | None = None,
        verify_tls: bool = True,
    ) -> HttpResponse:
        """Send a request and read the whole answer.

        `params` are added to the query already in `url`. `retry=None` repeats methods safe to repeat, on
        connection errors, rate limits and 5xx; the answer of the last try comes back as it is. `verify_tls=False`
        trusts any certificate for this request. Raises Unreachable, BlockedAddress, BodyTooLarge, and a permanent
        IntegrationError for a bad URL or endless redirects.
        """
        body = bytearray()
        response = self._send(
            method,
            url,
            headers=headers,
            params=params,
            content=content,
            timeout=timeout,
            retry=method.upper() in REPEATABLE_METHODS if retry is None else retry,
            verify_tls=verify_tls,
            read=lambda answer: _fill(
                body, answer, self.policy.max_body_bytes if max_body_bytes is None else max_body_bytes
            ),
        )
        return HttpResponse(response.status, response.headers, bytes(body), response.url)

    def download(
        self,
        url: str,
        target: BinaryIO,
        *,
        headers: HeaderInput = (),
        params: Iterable[tuple[str, str]] = (),
        timeout: timedelta | None = None,
        max_bytes: int,
        verify_tls: bool = True,
    ) -> HttpResponse:
        """Stream a 2xx answer into a seekable file, from its start; the body of the result is empty then.

        Any other status leaves the file alone and has its body (the first 64 KiB or so) in the result.
        Raises as `request` does.
        """
        body = bytearray()

        def read(answer: httpx.Response) -> None:
            body.clear()
            if not answer.is_success:
                _fill(body, answer, 64 * 1024, cut=True)
                return
            target.seek(0)
            target.truncate()
            for chunk in _limited_chunks(answer, max_bytes):
                target.write(chunk)

        response = self._send(
            *("GET", url),
            headers=headers,
            params=params,
            content=None,
            timeout=timeout,
            retry=True,
            verify_tls=verify_tls,
            read=read,
        )
        return HttpResponse(response.status, response.headers, bytes(body), response.url)

    def _send(
        self,
        method: str,
        url: str,
        *,
        headers: HeaderInput,
        params: Iterable[tuple[str, str]],
        content: bytes | None,
        timeout: timedelta | None,
        retry: bool,
        verify_tls: bool,
        read: Callable[[httpx.Response], None],
    ) -> HttpResponse:
        request = _Request(method.upper(), _add_params(url, list(params)), _header_list(headers), content, verify_tls)
        seconds = (self.policy.timeout if timeout is None else timeout).total_seconds()
        retrying = tenacity.Retrying(
            sleep=self._sleep,
            stop=tenacity.stop_after_attempt(self.policy.attempts if retry else 1),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(Unreachable) | tenacity.retry_if_result(self._is_repeatable),
            retry_error_callback=_last_outcome,
        )
        response: HttpResponse = retrying(self._try_once, request, seconds, read)
        return response

    def _try_once(self, request: "_Request", seconds: float, read: Callable[[httpx.Response], None]) -> HttpResponse:
        host = _host_of(request.url)
        try:
            with deadline_in(seconds):
                return self._follow(request, seconds, read)
        except (httpx.TimeoutException, httpcore.TimeoutException) as error:
            raise Unreachable(f"{host} did not answer within {seconds:g} s.") from error
        except httpx.DecodingError as error:
            raise IntegrationError(f"{host} sent a body that cannot be decompressed.", permanent=True) from error
        except httpcore.ProxyError as error:
            raise Unreachable(f"The proxy refused to connect to {host}: {error}.") from error
        except (httpx.TransportError, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Unreachable(f"Cannot reach {host}: {error or 'the connection broke'}.") from error

    def _follow(self, request: "_Request", seconds: float, read: Callable[[httpx.Response], None]) -> HttpResponse:
        timeout = httpx.Timeout(seconds, connect=self.policy.connect_timeout.total_seconds())
        for _ in range(self.policy.max_redirects + 1):
            with self._client.stream(
                request.method,
                _checked_url(request.url),
                headers=request.headers,
                content=request.content,
                timeout=timeout,
                extensions={} if request.verify_tls else {TRUST_ANY: True},
            ) as answer:
                location = answer.headers.get("location")
                if answer.status_code not in (301, 302, 303, 307, 308) or location is None:
                    read(answer)
                    received = tuple(
                        (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw
                    )
                    return HttpResponse(answer.status_code, HttpHeaders(received), b"", request.url)
                request = request.redirected(answer.status_code, location)
        raise IntegrationError(
            f"{_host_of(request.url)} redirects more than {self.policy.max_redirects} times. Check the URL.",
            permanent=True,
        )

    def _is_repeatable(self, response: HttpResponse) -> bool:
        # The body is not at hand here: a limit that only the body tells of is left to the caller.
        if response.status not in REPEATABLE_STATUSES and not response.is_rate_limited:
            return False
        # Who asks for a longer pause than we would wait is not asked again: the caller sees the answer.
        return (response.retry_after or timedelta()) <= self.policy.longest_wait

    def _wait(self, state: tenacity.RetryCallState) -> float:
        backoff = self._backoff(state)
        if state.outcome is None or state.outcome.failed:
            return backoff
        asked: timedelta | None = state.outcome.result().retry_after
        return backoff if asked is None else asked.total_seconds()


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    headers: list[tuple[str, str]]
    content: bytes | None
    verify_tls: bool

    def redirected(self, status: int, location: str) -> "_Request":
        """The request to send next, as browsers do it; secrets stay with the origin they were meant for."""
        url = urljoin(self.url, location)
        keeps_method = (
            status in (307, 308) or self.method in ("GET", "HEAD") or (status != 303 and self.method != "POST")
        )
        dropped = set() if keeps_method else {"content-type", "content-length"}
        if not _same_origin(self.url, url):
            dropped |= SECRET_HEADERS
        return _Request(
            self.method if keeps_method else "GET",
            url,
            [(name, value) for name, value in self.headers if name.lower() not in dropped],
            self.content if keeps_method else None,
            self.verify_tls,
        )


def _check_location(answer: httpx.Response) -> None:
    """Before httpx looks at it, which would take a bad Location for a broken connection."""
    if not answer.has_redirect_location:
        return
    try:
        _checked_url(urljoin(str(answer.request.url), answer.headers["location"]))
    except ValueError as error:
        message = f"{_host_of(str(answer.request.url))} redirects to something that is not a URL."
        raise IntegrationError(message, permanent=True) from error


def _same_origin(before: str, after: str) -> bool:
    old, new = httpx.URL(before), httpx.URL(after)
    upgraded = old.scheme == "http" and new.scheme == "https" and (old.port, new.port) == (None, None)
    return old.host == new.host and (upgraded or (old.scheme, old.port) == (new.scheme, new.port))


def _checked_url(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise IntegrationError(f"This is not a URL: {error}.", permanent=True) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise IntegrationError("A URL must begin with http:// or https:// and name a host.", permanent=True)
    return parsed


def _add_params(url: str, params: list[tuple[str, str]]) -> str:
    if not params:
        return url
    base, hash_mark, fragment = url.partition("#")
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return base + joint + urlencode(params) + hash_mark + fragment


def _header_list(headers: HeaderInput) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _host_of(url: str) -> str:
    parsed = _checked_url(url)
    return parsed.host if parsed.port is None else f"{parsed.host}:{parsed.port}"


def _limited_chunks(answer: httpx.Response, limit: int) -> Iterator[bytes]:
    host = answer.request.url.host
    declared = answer.headers.get("content-length", "")
    received = 0
    if declared.isdigit() and int(declared) > limit and answer.request.method != "HEAD":
        raise _too_large(host, limit)
    for chunk in answer.iter_bytes():
        received += len(chunk)
        if received > limit:
            raise _too_large(host, limit)
        yield chunk


def _fill(body: bytearray, answer: httpx.Response, limit: int, *, cut: bool = False) -> None:
    body.clear()
    try:
        for chunk in _limited_chunks(answer, limit):
            body += chunk
    except BodyTooLarge:
        if not cut:
            raise


class BodyTooLarge(IntegrationError):
    """The answer has more bytes than the caller can take."""


def _too_large(host: str, limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The answer of {host} is larger than {limit} bytes, the limit here.", permanent=True)


def _last_outcome(state: tenacity.RetryCallState) -> HttpResponse:
    assert state.outcome is not None  # noqa: S101  # tenacity calls this after a try only
    response: HttpResponse = state.outcome.result()
    return response


def _raise_for_status(response: HttpResponse, expectation: str, said: str) -> NoReturn:
    what = f"{_host_of(response.url)} answered {response.status} while we wanted to {expectation}"
    if response.is_rate_limited:
        raise RateLimited(
            f"{what}: too many requests. It is tried again later.{said}", retry_after=response.retry_after
        )
    if response.status in (401, 403):
        remedy = "the credentials are missing, wrong or not sufficient. Check them in Settings."
        raise Unauthorized(f"{what}: {remedy}{said}")
    if response.status in (404, 410):
        raise NotFound(f"{what}: it does not exist, or these credentials may not see it. Check the name.{said}")
    if response.status >= 500 or response.status == 408:
        raise Unreachable(f"{what}: the server has a problem. It is tried again later.{said}")
    raise Rejected(f"{what}: the request was refused.{said}")
