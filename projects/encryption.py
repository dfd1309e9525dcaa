"""Secrets at rest: JSON values sealed with a key derived from the site's secret key (Fernet).

What was sealed with an older key can be read as long as KARGOWEB_OLD_SECRET_KEYS names it; `kargoweb rotate-key`
seals it again.
"""

import base64
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from projects.errors import DomainError


class SecretUnreadable(DomainError):
    """A stored secret was sealed with another key."""


@lru_cache(maxsize=16)
def _cipher(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"kargoweb secrets at rest").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(value: Any, *, key: str) -> bytes:
    """Encrypt a JSON value."""
    return _cipher(key).encrypt(json.dumps(value).encode())


def unseal(sealed: bytes, *, key: str) -> Any:
    """Decrypt what `seal` made with this key or one of the site's older ones. Raises SecretUnreadable."""
    try:
        return json.loads(MultiFernet([_cipher(key), *_older(key)]).decrypt(bytes(sealed)))
    except InvalidToken as error:
        raise SecretUnreadable(
            "A stored secret cannot be read with the present KARGOWEB_SECRET_KEY. "
            "Start with the key it was stored with, name it in KARGOWEB_OLD_SECRET_KEYS, or set the secret again."
        ) from error


def reseal(sealed: bytes, *, key: str) -> bytes | None:
    """The same value sealed with the newest key; None when it is so already. Raises SecretUnreadable."""
    try:
        _cipher(key).decrypt(bytes(sealed))
    except InvalidToken:
        return seal(unseal(sealed, key=key), key=key)
    return None


def _older(key: str) -> list[Fernet]:
    return [_cipher(old) for old in settings.SECRET_KEY_FALLBACKS if old != key]
