"""Secrets at rest: JSON values sealed with a key derived from the site's secret key (Fernet)."""

import base64
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from projects.errors import DomainError


class SecretUnreadable(DomainError):
    """A stored secret was sealed with another key."""


@lru_cache(maxsize=4)
def _cipher(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"kargoweb secrets at rest").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(value: Any, *, key: str) -> bytes:
    """Encrypt a JSON value."""
    return _cipher(key).encrypt(json.dumps(value).encode())


def unseal(sealed: bytes, *, key: str) -> Any:
    """Decrypt what `seal` made. Raises SecretUnreadable when the key is another one."""
    try:
        return json.loads(_cipher(key).decrypt(bytes(sealed)))
    except InvalidToken as error:
        raise SecretUnreadable(
            "A stored secret cannot be read with the present KARGOWEB_SECRET_KEY. "
            "Start with the key it was stored with, or set the secret again."
        ) from error
