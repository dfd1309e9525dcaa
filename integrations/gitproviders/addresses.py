"""Where a repository is, taken apart for the APIs around it: web address, and the path with its case kept."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from integrations.errors import IntegrationError
from integrations.git.urls import mirror_key


@dataclass(frozen=True, slots=True)
class RepositoryAddress:
    """`web` is scheme, host and port of the provider's pages; `parts` the path, without %-escapes.

    A repository that is reached by ssh has its pages behind https and the default port.
    """

    web: str
    host: str
    parts: tuple[str, ...]
    is_ssh: bool = False

    def expect(self, count: int, form: str) -> tuple[str, ...]:
        """The parts, if there are so many. Raises a permanent IntegrationError that shows the right `form`."""
        if len(self.parts) != count:
            raise self.unusable(form)
        return self.parts

    def unusable(self, form: str) -> IntegrationError:
        """The error for a path that is none of a repository at this provider."""
        return IntegrationError(
            f'"{self.web}/{"/".join(self.parts)}" is not the URL of a repository at this provider: it must have the '
            f"form {form}.",
            permanent=True,
        )


def read_address(repo_url: str) -> RepositoryAddress:
    """Take a repository URL apart. Raises a permanent IntegrationError when it names no host."""
    parts = urlsplit(mirror_key(repo_url))
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https", "ssh") or not host:
        raise IntegrationError(
            f'Repository URL "{without_login(repo_url)}" names no git provider: it must start with https://.',
            permanent=True,
        )
    is_ssh = parts.scheme == "ssh"
    if is_ssh:
        host = re.sub(r":\d+$", "", host)
    path = tuple(unquote(part) for part in parts.path.split("/") if part)
    scheme = "https" if is_ssh else parts.scheme
    return RepositoryAddress(f"{scheme}://{host}", re.sub(r":\d+$", "", host), path, is_ssh)


def without_login(url: str) -> str:
    """The URL as it may be shown: a user name in it may stand beside a password."""
    return re.sub(r"//[^/@]*@", "//", url)
