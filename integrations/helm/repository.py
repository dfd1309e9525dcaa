"""Chart repositories: which versions of a chart there are, and the archive of one, over HTTP and OCI.

Source: Helm's documentation of chart repositories and of OCI registries; Kargo docs "Working with Warehouses".
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from integrations.credentials import BasicAuth, Token
from integrations.errors import IntegrationError, NotFound
from integrations.helm.charts import OCI_SCHEME
from integrations.helm.index import ChartVersion, read_versions
from integrations.http import HttpClient, HttpResponse
from integrations.oci.pauses import HostPauses, account_of
from integrations.oci.rate import ANYBODY, SHARED_LIMITS, Visit
from integrations.oci.references import Repository, parse_repository
from integrations.oci.registry import Registry, read_json_object

MAX_INDEX_BYTES = 64 * 1024 * 1024
# For the whole of each.
_INDEX_TIMEOUT = timedelta(minutes=1)
_TIMEOUT = timedelta(minutes=5)
# What an answer is known by, and the header that asks whether it still is.
_CONDITIONS = {"etag": "if-none-match", "last-modified": "if-modified-since"}
MAX_ARCHIVE_BYTES = 100 * 1024 * 1024
CHART_LAYER_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

RepositoryCredentials = BasicAuth | Token | None
_ARCHIVE_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class IndexAnswer:
    """The versions of one chart, and what tells a later request that nothing changed: {"etag", "last-modified"}."""

    versions: tuple[ChartVersion, ...]
    validators: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HttpCharts:
    """One chart of a repository with an index.yaml; `url` is that of the repository."""

    client: HttpClient
    url: str
    name: str
    credentials: RepositoryCredentials = None
    pauses: HostPauses | None = None
    visit: Visit = ANYBODY

    def list_versions(self) -> list[ChartVersion]:
        """All versions, in the order of the index; none when the repository has no such chart.

        Raises NotFound, Unauthorized, Unreachable, and a permanent IntegrationError for what is no index.
        """
        answer = self.read_index({})
        return [] if answer is None else list(answer.versions)

    def read_index(self, validators: Mapping[str, str]) -> IndexAnswer | None:
        """The versions, or None when the index is still the one that `validators` came with.

        Raises as `list_versions`.
        """
        index = f"{self.url.rstrip('/')}/index.yaml"
        headers = self._headers(index)
        for name, condition in _CONDITIONS.items():
            if name in validators:
                headers.append((condition, validators[name]))
        response = self._ask(index, headers)
        if response.status == 304 and validators:
            return None
        response.raise_for_status(f"read the index of the chart repository {_without_login(self.url)}")
        received = {name: response.headers.get(name) for name in _CONDITIONS}
        return IndexAnswer(
            tuple(read_versions(response.body, self.name)), {name: value for name, value in received.items() if value}
        )

    def _ask(self, index: str, headers: list[tuple[str, str]]) -> HttpResponse:
        host = urlsplit(index).netloc.rpartition("@")[2]

        def send() -> HttpResponse:
            SHARED_LIMITS.wait(host, self.visit)
            return self.client.request(
                "GET", index, headers=headers, max_body_bytes=MAX_INDEX_BYTES, timeout=_INDEX_TIMEOUT
            )

        self.visit.check()
        return send() if self.pauses is None else self.pauses.ask(host, account_of(self.credentials), send)

    def download(self, version: str, target: BinaryIO, *, max_bytes: int = MAX_ARCHIVE_BYTES) -> None:
        """Write the archive (.tgz) of a version into a seekable file and check its digest.

        Raises NotFound when the repository has no such version, and as `list_versions`.
        """
        found = next((each for each in self.list_versions() if each.version == version), None)
        if found is None or not found.urls:
            raise NotFound(f'{_without_login(self.url)} has no version {version} of the chart "{self.name}".')
        address = urljoin(f"{self.url.rstrip('/')}/", found.urls[0])
        response = self.client.download(
            address, target, headers=self._headers(address), max_bytes=max_bytes, timeout=_TIMEOUT
        )
        response.raise_for_status(f"download version {version} of the chart {self.name}")
        if _ARCHIVE_DIGEST.fullmatch(found.digest) and _hash_file(target) != found.digest:
            raise IntegrationError(
                f"The archive of {self.name} {version} is not the one that the index of its repository names: "
                "their digests differ.",
                permanent=True,
            )
        target.seek(0)

    def _headers(self, address: str) -> list[tuple[str, str]]:
        # An index may send us elsewhere; the password stays with the repository.
        if self.credentials is None or urlsplit(address)[:2] != urlsplit(self.url)[:2]:
            return []
        if isinstance(self.credentials, Token):
            return [("authorization", f"Bearer {self.credentials.token}")]
        pair = f"{self.credentials.username}:{self.credentials.password}".encode()
        return [("authorization", f"Basic {b64encode(pair).decode()}")]


@dataclass(frozen=True, slots=True)
class OciCharts:
    """One chart in an OCI registry: the repository is the chart."""

    registry: Registry
    repository: Repository

    def list_versions(self) -> list[ChartVersion]:
        """All tags as versions, in the order of the registry; dates and digests are not known without a fetch.

        Tags have `_` where versions have `+`. Raises NotFound, Unauthorized, Unreachable.
        """
        return [ChartVersion(tag.replace("_", "+")) for tag in self.registry.list_tags(self.repository)]

    def download(self, version: str, target: BinaryIO, *, max_bytes: int = MAX_ARCHIVE_BYTES) -> None:
        """Write the archive (.tgz) of a version into a seekable, readable file; its digest is checked.

        Raises NotFound, and a permanent IntegrationError when the version is no chart.
        """
        manifest = self.registry.get_manifest(self.repository, version.replace("+", "_"))
        layers = read_json_object(manifest.body, f"{self.repository}:{version}").get("layers")
        for layer in layers if isinstance(layers, list) else []:
            if isinstance(layer, dict) and layer.get("mediaType") == CHART_LAYER_TYPE:
                self.registry.download_blob(self.repository, str(layer.get("digest")), target, max_bytes=max_bytes)
                target.seek(0)
                return
        raise IntegrationError(f"{self.repository}:{version} is not a Helm chart.", permanent=True)


def open_charts(
    client: HttpClient,
    url: str,
    *,
    name: str = "",
    credentials: RepositoryCredentials = None,
    pauses: HostPauses | None = None,
    visit: Visit = ANYBODY,
) -> HttpCharts | OciCharts:
    """The chart that a subscription or a dependency names: `name` in an HTTP repository, or `oci://.../name`.

    Raises a permanent IntegrationError for a URL of another kind, or an HTTP repository without a name.
    """
    if url.startswith(OCI_SCHEME):
        path = url.removeprefix(OCI_SCHEME).rstrip("/")
        registry = Registry(client, credentials, pauses=pauses, visit=visit)
        return OciCharts(registry, parse_repository(f"{path}/{name}" if name else path))
    if not url.startswith(("http://", "https://")):
        raise IntegrationError(
            f'"{_without_login(url)}" is no chart repository: write http://, https:// or oci://.', permanent=True
        )
    if not name:
        raise IntegrationError(
            f"Which chart of {_without_login(url)}? An HTTP repository needs a name.", permanent=True
        )
    return HttpCharts(client, url, name, credentials, pauses, visit)


def _hash_file(file: BinaryIO) -> str:
    running = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(1024 * 1024):
        running.update(chunk)
    return running.hexdigest()


def _without_login(url: str) -> str:
    return re.sub(r"://[^/@\s]*@", "://", url)
