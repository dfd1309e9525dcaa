"""The client of an OCI registry: tags, manifests, blobs; it believes no digest it has not computed.

Source: the OCI distribution specification, pull side.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import quote, urljoin, urlsplit

from integrations.errors import IntegrationError, NotFound, Unauthorized
from integrations.http import HttpClient, HttpResponse
from integrations.oci.pauses import HostPauses, account_of
from integrations.oci.rate import ANYBODY, SHARED_LIMITS, HostRateLimits, Visit
from integrations.oci.references import Repository, is_digest, is_tag
from integrations.oci.tokens import Authenticator, RegistryCredentials, parse_challenges

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_TYPES = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)

TAGS_PER_PAGE = 1000
MAX_TAG_PAGES = 1000
MAX_TAGS = 500_000
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_BLOB_BYTES = 8 * 1024 * 1024
# For the whole of a blob that is streamed into a file; it may be a gigabyte.
BLOB_TIMEOUT = timedelta(minutes=30)

_ACCEPT = [("accept", ", ".join(MANIFEST_TYPES) + ", */*;q=0.1")]
_NEXT_LINK = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\"?", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """A manifest as the registry sent it; `digest` is computed from `body`."""

    media_type: str
    digest: str
    body: bytes


class Registry:
    """Reads from one registry with one set of credentials. Thread-safe.

    With `pauses` a host that wants to be left alone is not asked: RateLimited or Unreachable is raised at once.
    """

    def __init__(
        self,
        client: HttpClient,
        credentials: RegistryCredentials = None,
        *,
        limits: HostRateLimits = SHARED_LIMITS,
        pauses: HostPauses | None = None,
        visit: Visit = ANYBODY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._limits = limits
        self._pauses = pauses
        self._visit = visit
        self._account = account_of(credentials)
        self._authenticator = Authenticator(client, credentials, clock=clock)

    def list_tags(self, repository: Repository) -> list[str]:
        """All tags, in the order of the registry, each once. Raises NotFound for an unknown repository."""
        url = f"{repository.api_url}/tags/list?n={TAGS_PER_PAGE}"
        tags: dict[str, None] = {}
        seen_urls: set[str] = set()
        while url:
            if url in seen_urls or len(seen_urls) >= MAX_TAG_PAGES:
                raise IntegrationError(
                    f"The tag list of {repository} never ends: its pages repeat or are more than {MAX_TAG_PAGES}.",
                    permanent=True,
                )
            seen_urls.add(url)
            response = self._get(repository, url, expectation=f"list the tags of {repository}")
            names = _read_tags(response, repository)
            if seen_urls - {url} and names and all(name in tags for name in names):
                raise IntegrationError(
                    f"The tag list of {repository} never ends: the registry sends the same tags again.",
                    permanent=True,
                )
            tags.update(dict.fromkeys(names))
            if len(tags) > MAX_TAGS:
                raise IntegrationError(f"{repository} has more than {MAX_TAGS} tags, the limit here.", permanent=True)
            url = _next_page(response, url, repository)
        return list(tags)

    def find_digest(self, repository: Repository, tag: str) -> str | None:
        """The digest the registry states for a tag, by HEAD; None if it has no such tag or states none.

        Cheap, and unverified: good to see that nothing changed, or to look something up in a cache.
        """
        url = f"{repository.api_url}/manifests/{quote(tag, safe=':')}"
        try:
            response = self._get(repository, url, expectation=f"look up {repository}:{tag}", method="HEAD")
        except NotFound:
            return None
        digest = response.headers.get("docker-content-digest") or ""
        return digest if is_digest(digest) else None

    def get_manifest(self, repository: Repository, reference: str) -> Manifest:
        """The manifest under a tag or digest. Raises NotFound, or a permanent error for a wrong digest."""
        url = f"{repository.api_url}/manifests/{quote(reference, safe=':')}"
        what = f"{repository}{'@' if is_digest(reference) else ':'}{reference}"
        response = self._get(repository, url, expectation=f"get {what}", max_body_bytes=MAX_MANIFEST_BYTES)
        stated = response.headers.get("docker-content-digest") or ""
        wanted = reference if is_digest(reference) else stated if is_digest(stated) else None
        digest = compute_digest(response.body, like=wanted)
        if wanted is not None and digest != wanted:
            raise _wrong_digest(what, wanted, digest)
        media_type = (response.headers.get("content-type") or "").partition(";")[0].strip()
        return Manifest(media_type, digest, response.body)

    def get_blob(self, repository: Repository, digest: str, *, max_bytes: int = MAX_BLOB_BYTES) -> bytes:
        """A small blob, such as an image config, checked against its digest. Raises as `get_manifest`."""
        url = _blob_url(repository, digest)
        what = f"{repository}@{digest}"
        response = self._get(repository, url, expectation=f"get blob {what}", max_body_bytes=max_bytes)
        found = compute_digest(response.body, like=digest)
        if found != digest:
            raise _wrong_digest(what, digest, found)
        return response.body

    def download_blob(
        self,
        repository: Repository,
        digest: str,
        target: BinaryIO,
        *,
        max_bytes: int,
        timeout: timedelta = BLOB_TIMEOUT,
    ) -> None:
        """Stream a blob into a seekable, readable file and check its digest. Raises as `get_manifest`."""
        url = _blob_url(repository, digest)
        headers = self._headers(repository)
        for last_try in (False, True):
            self._limits.wait(repository.host, self._visit)
            response = self._client.download(url, target, headers=headers, max_bytes=max_bytes, timeout=timeout)
            if response.status != 401 or last_try:
                break
            headers = self._answer_challenge(repository, response)
        response.raise_for_status(f"get blob {repository}@{digest}")
        target.seek(0)
        computed = _hash_file(target, digest.partition(":")[0])
        if computed != digest.partition(":")[2]:
            raise _wrong_digest(f"{repository}@{digest}", digest, computed)

    def _get(
        self,
        repository: Repository,
        url: str,
        *,
        expectation: str,
        method: str = "GET",
        max_body_bytes: int | None = None,
    ) -> HttpResponse:
        headers = self._headers(repository)
        response = self._request(repository, method, url, headers, max_body_bytes)
        if response.status == 401:
            headers = self._answer_challenge(repository, response)
            response = self._request(repository, method, url, headers, max_body_bytes)
        response.raise_for_status(expectation)
        return response

    def _request(
        self,
        repository: Repository,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        max_body_bytes: int | None,
    ) -> HttpResponse:
        def send() -> HttpResponse:
            self._limits.wait(repository.host, self._visit)
            return self._client.request(method, url, headers=headers, max_body_bytes=max_body_bytes)

        self._visit.check()
        return send() if self._pauses is None else self._pauses.ask(repository.host, self._account, send)

    def _headers(self, repository: Repository) -> list[tuple[str, str]]:
        authorization = self._authenticator.known_header(str(repository))
        return _ACCEPT if authorization is None else [*_ACCEPT, ("authorization", authorization)]

    def _answer_challenge(self, repository: Repository, response: HttpResponse) -> list[tuple[str, str]]:
        if urlsplit(response.url).netloc != urlsplit(repository.api_url).netloc:
            raise Unauthorized(f"{repository.host} redirects to a server that refuses access to {repository}.")
        authorization = self._authenticator.answer(
            str(repository),
            parse_challenges(response.headers.get_all("www-authenticate")),
            url=repository.api_url,
            scope=f"repository:{repository.path}:pull",
        )
        return [*_ACCEPT, ("authorization", authorization)]


def compute_digest(body: bytes, *, like: str | None = None) -> str:
    """The digest of `body`, with the algorithm of the digest `like`, else sha256."""
    algorithm = "sha512" if like is not None and like.startswith("sha512:") else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def read_json_object(body: bytes, what: str) -> dict[str, Any]:
    """Parse JSON a registry sent; raises a permanent IntegrationError unless it is an object."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise IntegrationError(f"The registry sent something that is not JSON for {what}.", permanent=True)
    return parsed


def _hash_file(file: BinaryIO, algorithm: str) -> str:
    running = hashlib.new(algorithm)
    while chunk := file.read(1024 * 1024):
        running.update(chunk)
    return running.hexdigest()


def _blob_url(repository: Repository, digest: str) -> str:
    if not is_digest(digest):
        raise IntegrationError(f'"{digest}" in a manifest of {repository} is not a digest.', permanent=True)
    return f"{repository.api_url}/blobs/{digest}"


def _wrong_digest(what: str, wanted: str, found: str) -> IntegrationError:
    return IntegrationError(
        f"The registry sent other content for {what} than it should: digest {found} instead of {wanted}. The "
        "registry or something on the way to it is broken or not honest.",
        permanent=True,
    )


def _read_tags(response: HttpResponse, repository: Repository) -> list[str]:
    from_registry = read_json_object(response.body, f"the tag list of {repository}").get("tags") or []
    if not isinstance(from_registry, list):
        raise IntegrationError(f"The registry sent a tag list of {repository} that is no list.", permanent=True)
    return [tag for tag in from_registry if isinstance(tag, str) and is_tag(tag)]


def _next_page(response: HttpResponse, url: str, repository: Repository) -> str:
    match = _NEXT_LINK.search(", ".join(response.headers.get_all("link")))
    if match is None:
        return ""
    following = str(urljoin(url, match.group(1)))
    # Our Authorization header travels with the request, so the next page must be where the first one was.
    if urlsplit(following)[:2] != urlsplit(url)[:2]:
        raise IntegrationError(
            f"The registry continues the tag list of {repository} at another host.", permanent=True
        )
    return following
