"""A small, real OCI registry on a loopback address, for the demo and for tests.

It speaks the distribution protocol (pull, monolithic push, tag paging, basic and token authentication), keeps
its content in memory or in a directory, counts what it is asked, and misbehaves on demand.
"""

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from integrations.loopback.oci_faults import OciAccess, OciFaults, TokenDesk
from integrations.loopback.oci_storage import OciStorage

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MAX_BODY_BYTES = 64 * 1024 * 1024

_NAME = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
_ROUTE = re.compile(rf"/v2/(?P<name>{_NAME})/(?P<kind>tags/list|manifests/[^/]+|blobs/uploads/[^/]*|blobs/[^/]+)")


class OciRegistry:
    """The registry with its server thread; loopback addresses only. Port 0 picks a free one."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        storage: Path | None = None,
        access: OciAccess | None = None,
    ) -> None:
        if host != "localhost" and not host.startswith("127."):
            raise ValueError(
                f'This registry trusts its neighbours: "{host}" is not a loopback address, use 127.0.0.1.'
            )
        self.access = access or OciAccess()
        self.faults = OciFaults()
        self.desk = TokenDesk(self.access)
        self.storage = OciStorage(storage)
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._address = (host, port)
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> "OciRegistry":
        """Listen and serve in a thread of its own."""
        registry = self

        class Handler(_Handler):
            owner = registry

        self._server = ThreadingHTTPServer(self._address, Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="oci-registry",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and free the port; content stays."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> "OciRegistry":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """host:port, the way it begins an image name."""
        if self._server is None:
            raise RuntimeError("The registry is not started; call start() first.")
        return f"{self._address[0]}:{self._server.server_address[1]}"

    def count(self, kind: str = "") -> int:
        """Requests so far: all, or of one kind: tags, manifests, blobs, uploads, token."""
        with self._lock:
            return self._requests[kind] if kind else self._requests.total()

    def record(self, kind: str) -> int | None:
        """Count a request; answers the fault status that is its fate, if any."""
        with self._lock:
            self._requests[kind] += 1
            return self.faults.statuses.pop(0) if self.faults.statuses else None

    def push_image(
        self,
        repository: str,
        tag: str | None,
        *,
        created: datetime | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        platform: str = "linux/amd64",
    ) -> str:
        """Put a single-platform image, past server and password; returns its digest. No tag: digest only."""
        system, _, rest = platform.partition("/")
        architecture, _, variant = rest.partition("/")
        config: dict[str, Any] = {
            "os": system,
            "architecture": architecture,
            "config": {"Labels": dict(labels or {})},
        }
        if variant:
            config["variant"] = variant
        if created is not None:
            config["created"] = created.astimezone(UTC).isoformat().replace("+00:00", "Z")
        content = json.dumps(config, sort_keys=True).encode()
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor(CONFIG_TYPE, self.storage.put_blob(repository, content), len(content)),
            "layers": [],
        }
        return self._put_document(repository, tag, document, annotations)

    def push_index(
        self,
        repository: str,
        tag: str | None,
        images: Mapping[str, str],
        *,
        annotations: Mapping[str, str] | None = None,
        child_annotations: Mapping[str, Mapping[str, str]] | None = None,
    ) -> str:
        """Put an index over images pushed before: {"linux/arm64/v8": digest}; returns its digest.

        `child_annotations` go to the descriptor of the platform they are listed under.
        """
        manifests = []
        for platform, digest in images.items():
            system, _, rest = platform.partition("/")
            architecture, _, variant = rest.partition("/")
            found = self.storage.find_manifest(repository, digest)
            if found is None:
                raise ValueError(f'"{repository}" has no manifest {digest}; push the image before its index.')
            descriptor = _descriptor(found[1], digest, len(found[2]))
            descriptor["platform"] = {"os": system, "architecture": architecture}
            if variant:
                descriptor["platform"]["variant"] = variant
            if child_annotations and platform in child_annotations:
                descriptor["annotations"] = dict(child_annotations[platform])
            manifests.append(descriptor)
        document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}
        return self._put_document(repository, tag, document, annotations)

    def _put_document(
        self,
        repository: str,
        tag: str | None,
        document: dict[str, Any],
        annotations: Mapping[str, str] | None,
    ) -> str:
        if annotations:
            document["annotations"] = dict(annotations)
        content = json.dumps(document, sort_keys=True).encode()
        return self.storage.put_manifest(repository, content, document["mediaType"], tag=tag)


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


class _Handler(BaseHTTPRequestHandler):
    owner: OciRegistry
    protocol_version = "HTTP/1.1"
    # Without it each small answer waits for the acknowledgement of its headers.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Tests and the demo have their own output."""

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        body = self._read_body()
        if body is None:
            return
        route = _ROUTE.fullmatch(url.path)
        kind = "token" if url.path == "/token" else "ping" if route is None else _kind_of(route)
        fault = self.owner.record(kind)
        if self.owner.faults.delay_seconds:
            time.sleep(self.owner.faults.delay_seconds)
        if fault is not None:
            self._answer_fault(fault)
        elif kind == "token":
            self._answer_token(query)
        elif not self._is_welcome(route):
            self._answer_challenge(route)
        elif route is not None:
            self._dispatch(route["name"], route["kind"], query, body)
        elif url.path == "/v2/":
            self._answer(200, b"{}", {"Content-Type": "application/json"})
        else:
            self._answer_error(404, "NAME_INVALID", "no such address")

    def _read_body(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._answer_error(413, "SIZE_INVALID", f"at most {MAX_BODY_BYTES} bytes")
            return None
        return self.rfile.read(length)

    def _dispatch(self, name: str, kind: str, query: dict[str, str], body: bytes) -> None:
        room, _, rest = kind.partition("/")
        reads = self.command in ("GET", "HEAD")
        if room == "tags" and reads:
            self._answer_tags(name, query)
        elif room == "manifests" and reads:
            self._answer_manifest(name, rest)
        elif room == "manifests" and self.command == "PUT":
            self._take_manifest(name, rest, body)
        elif kind.startswith("blobs/uploads/"):
            self._take_blob(name, query, body)
        elif room == "blobs" and reads:
            self._answer_blob(name, rest)
        else:
            self._answer_error(405, "UNSUPPORTED", "method not allowed")

    def _is_welcome(self, route: re.Match[str] | None) -> bool:
        authorization = self.headers.get("Authorization") or ""
        if self.owner.access.mode == "basic":
            return self.owner.desk.is_password(authorization)
        if self.owner.access.mode == "bearer":
            return route is not None and self.owner.desk.is_good(authorization, route["name"])
        return True

    def _answer_challenge(self, route: re.Match[str] | None) -> None:
        challenge = 'Basic realm="loopback registry"'
        if self.owner.access.mode == "bearer":
            challenge = f'Bearer realm="http://{self.owner.host}/token",service="{self.owner.host}"'
            if route is not None:
                wants_push = self.command in ("PUT", "POST")
                challenge += f',scope="repository:{route["name"]}:{"pull,push" if wants_push else "pull"}"'
        self._answer_error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge})

    def _answer_token(self, query: dict[str, str]) -> None:
        token = self.owner.desk.issue(self.headers.get("Authorization") or "", query.get("scope", ""))
        if token is None:
            self._answer_error(401, "UNAUTHORIZED", "wrong user name or password")
            return
        answer = {"token": token, "expires_in": self.owner.access.token_seconds}
        self._answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _answer_tags(self, name: str, query: dict[str, str]) -> None:
        tags = self.owner.storage.find_tags(name)
        if tags is None:
            self._answer_error(404, "NAME_UNKNOWN", "repository name not known to registry")
            return
        endless = self.owner.faults.endless_pages
        after = [] if endless else [tag for tag in tags if tag <= query.get("last", "")]
        rest = tags[len(after) :]
        limit = int(query["n"]) if query.get("n", "").isdigit() else len(rest)
        page = rest[:limit]
        headers = {"Content-Type": "application/json"}
        following = f"/v2/{name}/tags/list?n={limit}&last={quote(page[-1]) if page else ''}"
        if endless:
            fresh = self.owner.count() if endless == "fresh" else 0
            headers["Link"] = f'<{following}&page={fresh}>; rel="next"'
        elif self.owner.faults.next_link is not None:
            headers["Link"] = f'<{self.owner.faults.next_link}>; rel="next"'
        elif len(page) < len(rest):
            headers["Link"] = f'<{following}>; rel="next"'
        self._answer(200, json.dumps({"name": name, "tags": page}).encode(), headers)

    def _answer_manifest(self, name: str, reference: str) -> None:
        found = self.owner.storage.find_manifest(name, reference)
        if found is None:
            self._answer_error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        digest, media_type, content = found
        if self.owner.faults.wrong_digest:
            content = content + b" "
        self._answer(200, content, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def _answer_blob(self, name: str, digest: str) -> None:
        content = self.owner.storage.find_blob(name, digest)
        if content is None:
            self._answer_error(404, "BLOB_UNKNOWN", "blob unknown to registry")
            return
        if self.owner.faults.wrong_digest:
            content = content + b" "
        self._answer(200, content, {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest})

    def _take_manifest(self, name: str, reference: str, body: bytes) -> None:
        media_type = self.headers.get("Content-Type") or MANIFEST_TYPE
        tag = None if reference.startswith("sha256:") else reference
        digest = self.owner.storage.put_manifest(name, body, media_type, tag=tag)
        self._answer(201, b"", {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest})

    def _take_blob(self, name: str, query: dict[str, str], body: bytes) -> None:
        if self.command == "POST" and "digest" not in query:
            self._answer(202, b"", {"Location": f"/v2/{name}/blobs/uploads/monolithic", "Range": "0-0"})
            return
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if digest != query.get("digest"):
            self._answer_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            return
        self.owner.storage.put_blob(name, body)
        self._answer(201, b"", {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _answer_fault(self, status: int) -> None:
        retry_after = self.owner.faults.retry_after
        self._answer_error(status, "UNKNOWN", "fault", {"Retry-After": retry_after} if retry_after else None)

    def _answer_error(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._answer(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _kind_of(route: re.Match[str]) -> str:
    return "uploads" if route["kind"].startswith("blobs/uploads/") else route["kind"].partition("/")[0]
