"""Fields of a config that must be a URI: what Kargo's schema accepts as `format: uri`. Pure.

Source: Kargo's schema check asks Go's `url.Parse` and wants a scheme; a backslash is refused.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_BAD_IN_HOST = re.compile(r"[\s^`{}|#%/?@]")


def is_uri(text: str) -> bool:
    """Tell whether the text is a URI with a scheme; `git@host:org/repo` is none."""
    if "\\" in text or any(ord(char) < 0x20 or ord(char) == 0x7F for char in text) or not _SCHEME.match(text):
        return False
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # raises for what is no number
    except ValueError:
        return False
    host = parts.netloc.rpartition("@")[2]
    return not (_BAD_ESCAPE.search(parts.path) or _BAD_IN_HOST.search(host))


def _require_uri(text: str) -> str:
    if not is_uri(text):
        raise ValueError("must be a URL that begins with its scheme, such as https://github.com/acme/app.git")
    return text


Uri = Annotated[str, Field(min_length=1, json_schema_extra={"format": "uri"}), AfterValidator(_require_uri)]
