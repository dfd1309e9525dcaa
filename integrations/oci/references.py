"""Names of images: `ghcr.io/acme/app:1.0@sha256:...` to its parts and back, and URLs made comparable.

Source: Kargo docs "Working with Warehouses"; the reference grammar of the OCI distribution specification and
the defaults of Docker Hub.
"""

import re
from dataclasses import dataclass

from integrations.errors import IntegrationError

HUB = "docker.io"
HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
HUB_API_HOST = "registry-1.docker.io"

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_PLAIN_HTTP = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]):[0-9]+")
MAX_NAME_LENGTH = 255


@dataclass(frozen=True)
class Repository:
    """One repository; `host` may have a port. Docker Hub is `docker.io`, and `library/` is kept there."""

    host: str
    path: str

    @property
    def api_url(self) -> str:
        """Root of the distribution API of this repository, for example `https://ghcr.io/v2/acme/app`."""
        host = HUB_API_HOST if self.host == HUB else self.host
        scheme = "http" if _PLAIN_HTTP.fullmatch(host) else "https"
        return f"{scheme}://{host}/v2/{self.path}"

    @property
    def normalized(self) -> str:
        """The form repositories are compared in: without the host and `library/` for Docker Hub."""
        if self.host == HUB:
            return self.path.removeprefix("library/")
        return f"{self.host}/{self.path}"

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"


@dataclass(frozen=True)
class Reference:
    """A repository with the tag or digest somebody wrote, or neither."""

    repository: Repository
    tag: str | None
    digest: str | None


class InvalidReference(IntegrationError):
    """A text is not the name of an image."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(
            f'"{text}" is not an image reference: {problem}. Write it as registry.example.com/team/app, with '
            ":tag or @sha256:... where one is wanted.",
            permanent=True,
        )


def parse_reference(text: str) -> Reference:
    """Read `[oci://][host[:port]/]path[:tag][@digest]`; raises InvalidReference."""
    rest, at, digest = text.strip().removeprefix("oci://").partition("@")
    if at and not is_digest(digest):
        raise InvalidReference(text, "after @ stands no digest (sha256: and 64 hexadecimal digits)")
    tag: str | None = None
    colon = rest.rfind(":")
    if colon > rest.rfind("/"):
        rest, tag = rest[:colon], rest[colon + 1 :]
        if not _TAG.fullmatch(tag):
            raise InvalidReference(text, "after : stands no tag (letters, digits, _ . -; at most 128)")
    return Reference(_parse_repository(rest, text), tag, digest if at else None)


def parse_repository(text: str) -> Repository:
    """Read a repository; raises InvalidReference, also when there is a tag or a digest."""
    reference = parse_reference(text)
    if reference.tag is not None or reference.digest is not None:
        raise InvalidReference(text, "a repository has no tag and no digest")
    return reference.repository


def is_digest(text: str) -> bool:
    """Tell whether `text` is a sha256 or sha512 digest."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Tell whether `text` can be the name of a tag."""
    return _TAG.fullmatch(text) is not None


def normalize_image(url: str) -> str:
    """The form in which image repositories are compared; what is no image reference comes back unchanged."""
    if "://" in url:
        return url
    try:
        return parse_reference(url.lower()).repository.normalized
    except InvalidReference:
        return url


def normalize_chart(url: str) -> str:
    """The form in which chart repositories are compared: as images, without `oci://`; http(s) unchanged."""
    plain = url.strip()
    return normalize_image(plain[len("oci://") :] if plain.lower().startswith("oci://") else url)


def _parse_repository(text: str, whole: str) -> Repository:
    first, slash, rest = text.partition("/")
    if slash and (first.lower() == "localhost" or re.search(r"[.:A-Z]", first)):
        host, path = first, rest
    else:
        host, path = HUB, text
    if not _HOST.fullmatch(host):
        raise InvalidReference(whole, f'"{host}" is not a host')
    if not _PATH.fullmatch(path) or len(path) > MAX_NAME_LENGTH:
        raise InvalidReference(whole, f'"{path}" is not a repository path (lower-case letters, digits, . _ - /)')
    if host.lower() in HUB_HOSTS:
        return Repository(HUB, path if "/" in path else f"library/{path}")
    return Repository(host.lower(), path)
