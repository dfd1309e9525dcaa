"""Sockets of the HTTP client: the address that was checked is the address that is called, before a deadline.

A name is resolved once, here, and the connection goes to the resolved number, so that an answer that changes
between check and call (DNS rebinding) leads nowhere. TLS still verifies the name.
"""

import contextlib
import contextvars
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import httpcore
import httpx

from integrations.errors import IntegrationError
from integrations.http_policy import Address, HttpPolicy

# Extension of a request that trusts any certificate.
TRUST_ANY = "kargoweb.trust_any"

_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("http_deadline", default=float("inf"))


class BlockedAddress(IntegrationError):
    """The host resolves to addresses the policy forbids."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"{host} is {reason}, which this installation does not call. Use a public address, or ask the "
            "operator to allow this host.",
            permanent=True,
        )


@contextlib.contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Bound everything this thread does on guarded sockets inside the block."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(timeout: float | None, error: type[Exception]) -> float | None:
    """The smaller of `timeout` and the time left, in seconds; raises `error` when none is left."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the time allowed for the whole request is over")
    if left == float("inf"):
        return timeout
    return left if timeout is None else min(timeout, left)


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport over httpcore that connects only where the policy allows. Thread-safe.

    It keeps a pool of connections for each proxy and each way to look at certificates, made when first needed.
    """

    def __init__(self, policy: HttpPolicy) -> None:
        self._policy = policy
        self._pools: dict[tuple[str | None, bool], httpcore.ConnectionPool] = {}
        self._guard = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        proxy = self._policy.proxy or self._policy.proxy_rules.choose(
            scheme=request.url.scheme, host=request.url.host, port=port
        )
        if proxy is not None:
            # The proxy resolves the name; what our own resolver knows of it is checked, a name it lacks is not.
            with contextlib.suppress(httpcore.ConnectError):
                allowed_addresses(self._policy, request.url.host, port)
        pool = self._pool(proxy, verify_tls=self._policy.verify_tls and not request.extensions.get(TRUST_ANY))
        answer = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        with self._guard:
            for pool in self._pools.values():
                pool.close()

    def _pool(self, proxy: str | None, *, verify_tls: bool) -> httpcore.ConnectionPool:
        with self._guard:
            pool = self._pools.get((proxy, verify_tls))
            if pool is None:
                pool = self._pools[proxy, verify_tls] = _open_pool(self._policy, proxy, verify_tls=verify_tls)
            return pool


def _open_pool(policy: HttpPolicy, proxy: str | None, *, verify_tls: bool) -> httpcore.ConnectionPool:
    context = httpx.create_ssl_context(verify=verify_tls)
    if proxy is None:
        return httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=100,
            max_keepalive_connections=20,
            network_backend=GuardedBackend(policy),
        )
    address = httpx.Proxy(proxy)
    if policy.proxy is None:
        # The operator's own proxy: this pool connects to it and to nothing else.
        policy = replace(policy, allowed_hosts=policy.allowed_hosts | {address.url.host})
    return httpcore.HTTPProxy(
        proxy_url=str(address.url),
        proxy_auth=address.raw_auth,
        ssl_context=context,
        max_connections=100,
        max_keepalive_connections=20,
        network_backend=GuardedBackend(policy),
    )


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, checks, connects to the checked number."""

    def __init__(self, policy: HttpPolicy) -> None:
        self._policy = policy
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in allowed_addresses(self._policy, host, port):
            try:
                stream = self._sockets.connect_tcp(
                    str(address),
                    port,
                    timeout=remaining(timeout, httpcore.ConnectTimeout),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _DeadlineStream(stream)
        raise failure or httpcore.ConnectError("the name has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("unix sockets are not supported")


def allowed_addresses(policy: HttpPolicy, host: str, port: int) -> list[Address]:
    """The addresses of `host` the policy allows, in resolver order.

    Raises BlockedAddress when there are addresses but none is allowed, httpcore.ConnectError when there are
    none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the name cannot be resolved ({error})") from error
    addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
    reasons = [policy.explain_block(address, host=host, port=port) for address in addresses]
    allowed = [address for address, reason in zip(addresses, reasons, strict=True) if reason is None]
    blocked = next((reason for reason in reasons if reason is not None), None)
    if not allowed and blocked is not None:
        raise BlockedAddress(host, blocked)
    return allowed


class _DeadlineStream(httpcore.NetworkStream):
    """A socket whose reads and writes end at the deadline: a trickle of bytes cannot hold a worker."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = remaining(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
