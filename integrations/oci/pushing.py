"""The writing side of a registry client: blobs mounted or uploaded, manifests put.

Source: the OCI distribution specification, push side.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import quote, urlencode, urljoin, urlsplit

from integrations.errors import IntegrationError, NotFound, RateLimited, Unauthorized, Unreachable
from integrations.http import HttpClient, HttpResponse
from integrations.oci.rate import SHARED_LIMITS, HostRateLimits
from integrations.oci.references import Repository, is_digest
from integrations.oci.registry import compute_digest
from integrations.oci.tokens import Authenticator, RegistryCredentials, parse_challenges

# A blob up to this size is sent in one request, a larger one in pieces of it.
CHUNK_BYTES = 16 * 1024 * 1024
_TRIES = 3
_UPLOAD_TIMEOUT = timedelta(minutes=5)
_OCTETS = ("content-type", "application/octet-stream")


class Pusher:
    """Writes to one registry with one set of credentials. `chunk_bytes` bounds the memory of an upload."""

    def __init__(
        self,
        client: HttpClient,
        credentials: RegistryCredentials = None,
        *,
        limits: HostRateLimits = SHARED_LIMITS,
        clock: Callable[[], float] = time.monotonic,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._client = client
        self._limits = limits
        self._chunk_bytes = chunk_bytes
        self._authenticator = Authenticator(client, credentials, clock=clock)

    def has_blob(self, repository: Repository, digest: str) -> bool:
        """Tell whether the repository has a blob. Raises Unauthorized, Unreachable."""
        response = self._send(repository, "HEAD", f"{repository.api_url}/blobs/{digest}")
        if response.status == 404:
            return False
        response.raise_for_status(f"look for a blob in {repository}")
        return True

    def mount_blob(self, repository: Repository, digest: str, source: Repository) -> bool:
        """Take over a blob from another repository of the same registry; False when the registry will not.

        Raises Unauthorized, Unreachable.
        """
        query = urlencode({"mount": digest, "from": source.path})
        response = self._send(repository, "POST", f"{repository.api_url}/blobs/uploads/?{query}")
        if response.status == 202:
            self._forget_upload(repository, response)
        if response.status in (202, 400, 404, 405):
            return False
        response.raise_for_status(f"mount a blob into {repository}")
        return True

    def upload_blob(
        self,
        repository: Repository,
        digest: str,
        file: BinaryIO,
        size_bytes: int,
        *,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Send a blob from a seekable file; tried again from its start when the registry has trouble.

        Raises Unauthorized, Unreachable, RateLimited, Rejected, and what `file` raises.
        """
        for last_try in [False] * (_TRIES - 1) + [True]:
            try:
                self._upload_once(repository, digest, file, size_bytes, should_stop)
            except (Unreachable, RateLimited, NotFound):
                # NotFound: the registry has lost the session, most often because it was restarted.
                if last_try or should_stop():
                    raise
                if self.has_blob(repository, digest):
                    return
            else:
                return

    def put_manifest(self, repository: Repository, reference: str, body: bytes, media_type: str) -> str:
        """Put a manifest under a tag or its own digest; answers the digest.

        Raises Unauthorized, Unreachable, Rejected, and a permanent error when the registry kept other content.
        """
        response = self._send(
            repository,
            "PUT",
            f"{repository.api_url}/manifests/{quote(reference, safe=':')}",
            headers=[("content-type", media_type)],
            content=body,
            retry=None,
        )
        response.raise_for_status(f"put {reference} into {repository}")
        stated = response.headers.get("docker-content-digest") or ""
        digest = compute_digest(body, like=stated if is_digest(stated) else None)
        if is_digest(stated) and stated != digest:
            raise IntegrationError(
                f"{repository.host} stored other content for {repository}:{reference} than it was sent: {stated}.",
                permanent=True,
            )
        return digest

    def _upload_once(
        self,
        repository: Repository,
        digest: str,
        file: BinaryIO,
        size_bytes: int,
        should_stop: Callable[[], bool],
    ) -> None:
        what = f"upload a blob to {repository}"
        response = self._send(repository, "POST", f"{repository.api_url}/blobs/uploads/")
        response.raise_for_status(what)
        file.seek(0)
        sent = 0
        while size_bytes - sent > self._chunk_bytes and not should_stop():
            piece = file.read(self._chunk_bytes)
            response = self._send(
                repository,
                "PATCH",
                self._session(repository, response),
                headers=[_OCTETS, ("content-range", f"{sent}-{sent + len(piece) - 1}")],
                content=piece,
            )
            response.raise_for_status(what)
            sent += len(piece)
        address = self._session(repository, response)
        address += f"{'&' if '?' in address else '?'}{urlencode({'digest': digest})}"
        response = self._send(repository, "PUT", address, headers=[_OCTETS], content=file.read())
        response.raise_for_status(what)

    def _forget_upload(self, repository: Repository, response: HttpResponse) -> None:
        try:
            self._send(repository, "DELETE", self._session(repository, response))
        except IntegrationError:
            # Registries clear away what nobody finishes.
            return

    def _session(self, repository: Repository, response: HttpResponse) -> str:
        location = response.headers.get("location")
        if not location:
            raise IntegrationError(f"{repository.host} opened an upload without saying where.", permanent=True)
        return urljoin(response.url, location)

    def _send(
        self,
        repository: Repository,
        method: str,
        url: str,
        *,
        headers: list[tuple[str, str]] | None = None,
        content: bytes | None = None,
        retry: bool | None = False,
    ) -> HttpResponse:
        is_home = urlsplit(url)[:2] == urlsplit(repository.api_url)[:2]
        for last_try in (False, True):
            authorization = self._authenticator.known_header(str(repository)) if is_home else None
            sent = [*(headers or []), *([("authorization", authorization)] if authorization else [])]
            self._limits.wait(repository.host)
            response = self._client.request(
                method,
                url,
                headers=sent,
                content=content if content is not None or method in ("GET", "HEAD") else b"",
                retry=True if method == "HEAD" else retry,
                timeout=_UPLOAD_TIMEOUT if content else None,
            )
            if response.status != 401 or last_try:
                break
            self._answer_challenge(repository, response, is_home=is_home)
        return response

    def _answer_challenge(self, repository: Repository, response: HttpResponse, *, is_home: bool) -> None:
        if not is_home or urlsplit(response.url).netloc != urlsplit(repository.api_url).netloc:
            raise Unauthorized(f"{repository.host} sends uploads to a server that refuses access to {repository}.")
        self._authenticator.answer(
            str(repository),
            parse_challenges(response.headers.get_all("www-authenticate")),
            url=repository.api_url,
            scope=f"repository:{repository.path}:pull,push",
        )
