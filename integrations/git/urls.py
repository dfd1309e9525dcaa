"""Addresses of git repositories: compare them, make them safe to use.

Source: Kargo `pkg/urls/git.go`.
"""

import re
from urllib.parse import urlsplit, urlunsplit

from integrations.errors import IntegrationError

_SCP_FORM = re.compile(r"^(?P<login>[\w.~-]+)@(?P<host>[\w.-]+|\[[0-9a-fA-F:.]+\]):(?P<path>(?!/?/).+)$")
_SCHEMES = frozenset({"http", "https", "ssh"})


def normalize_git_url(url: str) -> str:
    """Bring different spellings of one repository to one text, for comparing; never use it to connect."""
    text = _visible(url).lower()
    if scp := _SCP_FORM.match(text):
        return f"ssh://{scp['login']}@{scp['host']}/{_trimmed(scp['path'])}"
    scheme = text.partition("://")[0]
    if scheme not in _SCHEMES or "://" not in text:
        return url
    if scheme in {"http", "https"}:
        parts = urlsplit(text)
        if parts.query:
            return url
        return urlunsplit((scheme, _host(parts.netloc), _trimmed(parts.path), "", ""))
    return _trimmed(text)


def mirror_key(url: str) -> str:
    """Name the one repository behind a URL, for sharing a mirror.

    Differs from `normalize_git_url` in keeping the case of the path and the query: on a host that tells
    `Team/app` from `team/app` the right to read one must not open the mirror of the other.
    """
    text = _visible(url)
    if scp := _SCP_FORM.match(text):
        return f"ssh://{scp['login']}@{scp['host'].lower()}/{_trimmed(scp['path'])}"
    if "://" not in text:
        return _trimmed(text)
    parts = urlsplit(text)
    login, at, host = parts.netloc.rpartition("@")
    netloc = host.lower() if parts.scheme.lower() in {"http", "https"} else f"{login}{at}{host.lower()}"
    return urlunsplit((parts.scheme.lower(), netloc, _trimmed(parts.path), parts.query, ""))


def connection_url(url: str, *, allow_local: bool) -> str:
    """Return the URL as git may see it: without user info for http(s), checked against tricks.

    Raises a permanent IntegrationError for anything but http, https, ssh and `user@host:path`, for a password
    inside the URL, and for local paths unless `allow_local`.
    """
    text = _visible(url)
    if _SCP_FORM.match(text):
        return text
    scheme, separator, _ = text.partition("://")
    scheme = scheme.lower()
    if separator and scheme in _SCHEMES:
        return _checked(text, scheme)
    if allow_local and (text.startswith("/") or scheme == "file"):
        return text
    raise IntegrationError(
        f'Repository URL "{text}" cannot be used: it must start with https://, http:// or ssh://, '
        "or have the form user@host:path",
        permanent=True,
    )


def _checked(url: str, scheme: str) -> str:
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    if not host or host.startswith("-") or login.startswith("-"):
        raise IntegrationError(f'Repository URL "{url}" cannot be used: it names no host', permanent=True)
    if ":" in login:
        shown = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
        raise IntegrationError(
            f'Repository URL "{shown}" cannot be used: it holds a password; '
            "take it out of the URL and store it as a git credential",
            permanent=True,
        )
    netloc = host if scheme in {"http", "https"} else parts.netloc
    return urlunsplit((scheme, netloc, parts.path, parts.query, ""))


def _visible(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and not char.isspace())


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]


def _trimmed(path: str) -> str:
    return path.removesuffix("/").removesuffix(".git")
