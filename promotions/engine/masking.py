"""Masks secrets in everything that leaves a step: log lines, messages, shown config and output."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "••••••"
# Shorter texts are no secrets worth hiding, and masking them would make logs unreadable.
_SHORTEST = 4


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    urlsafe = base64.urlsafe_b64encode(secret.encode()).decode()
    quoted_json = json.dumps(secret)[1:-1]
    forms = {
        secret,
        encoded,
        encoded.rstrip("="),
        urlsafe,
        *_inner_base64(secret.encode()),
        quote(secret, safe=""),
        quote_plus(secret),
        quoted_json,
    }
    return {form for form in forms if len(form) >= _SHORTEST}


def _inner_base64(secret: bytes) -> Iterator[str]:
    """What is always there when base64 holds the secret with something around it, as `user:secret` of a login.

    Four characters stand for three bytes, so there are three places where it can begin; the characters at its
    ends, which also hold bits of its neighbours, are left out.
    """
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + secret).decode()[first:last]


class Masker:
    """Knows secret texts and replaces them, also in base64, URL and JSON form."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide this text from now on; of a text of several lines, also each line."""
        found = set(self._forms)
        for part in (secret, *secret.splitlines()):
            if len(part.strip()) >= _SHORTEST:
                found |= _forms(part.strip())
        # The longest first, so that a secret that contains another one is hidden whole.
        self._forms = tuple(sorted(found, key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text with every secret replaced, and without NUL and lone surrogates."""
        for form in self._forms:
            text = text.replace(form, MASK)
        # Databases take neither; a step's text must not make its end unwritable.
        return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()

    def value(self, value: Any) -> Any:
        """A JSON value with every secret replaced, in keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value
