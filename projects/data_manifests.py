"""Manifests of texts: ConfigMap and Secret, as Kubernetes has them. Pure pydantic.

Source: Kargo docs, repository credentials and generic secrets; the label `kargo.akuity.io/cred-type` says what a
Secret opens. Those of the namespace `kargo-shared-resources` are for all projects.
Differs: a Secret without the label is a generic one; a Secret for a repository may hold only the keys that Kargo
knows for its type, so that a slip in a key is seen.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Any

from pydantic import Field, model_validator

from projects.credential_rules import (
    GENERIC,
    KINDS,
    check_address,
    check_details,
    check_keys,
    check_secrets,
    open_keys_of,
)
from projects.errors import DomainError
from projects.manifests import Location, Manifest, TextMap, refusal

CRED_TYPE = "kargo.akuity.io/cred-type"
SHARED_NAMESPACE = "kargo-shared-resources"
# What stands for a secret text wherever its object is shown.
HIDDEN = "(not shown)"

# Tells equal secrets from others within this process; nothing can be learned from what it makes.
_PEPPER = secrets.token_bytes(32)


class ConfigMapManifest(Manifest):
    """Kind ConfigMap."""

    data: TextMap = Field(default_factory=dict)
    binary_data: Any = None
    immutable: Any = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _holds_texts(self) -> "ConfigMapManifest":
        if self.binary_data:
            raise refusal("A config map holds texts only.", hint='Put them under "data".', at=("binaryData",))
        _checked("data", lambda: check_keys(self.data, what="a config map"))
        return self

    def contents(self, *, concise: bool = False) -> dict[str, Any]:
        """{"data": {key: text}}."""
        return {"data": dict(self.data)}


class SecretManifest(Manifest):
    """Kind Secret; its values never leave it but by `secret_texts`."""

    type: str | None = None
    data: TextMap = Field(default_factory=dict, repr=False)
    string_data: TextMap = Field(default_factory=dict, repr=False)
    immutable: Any = Field(default=None, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _says_its_type(cls, value: Any) -> Any:
        """A Secret without the label is generic, and shown as that."""
        metadata = value.get("metadata") if isinstance(value, dict) else None
        if not isinstance(metadata, dict):
            return value
        labels = metadata.get("labels") or {}
        if not isinstance(labels, dict) or CRED_TYPE in labels:
            return value
        return {**value, "metadata": {**metadata, "labels": {**labels, CRED_TYPE: GENERIC}}}

    @model_validator(mode="after")
    def _can_be_stored(self) -> "SecretManifest":
        if self.cred_type not in KINDS:
            message = f'"{self.cred_type}" is no type of credential.'
            raise refusal(message, hint=f"Write one of {', '.join(KINDS)}.", at=("metadata", "labels", CRED_TYPE))
        texts = self._texts()
        place = "stringData" if self.string_data else "data"
        _checked(place, lambda: check_keys(texts))
        is_regex = self.repo_url_is_regex
        _checked(place, lambda: check_address(self.metadata.name, self.cred_type, self.repo_url, is_regex))
        _checked(place, lambda: check_secrets(self.cred_type, self.secret_texts()))
        _checked(place, lambda: check_details(self.cred_type, self.details, self.secret_texts()))
        return self

    @property
    def cred_type(self) -> str:
        """git, image, helm or generic."""
        return self.metadata.labels.get(CRED_TYPE, GENERIC)

    @property
    def repo_url(self) -> str:
        """The URL it is for; empty for a generic one."""
        return "" if self.cred_type == GENERIC else self._texts().get("repoURL", "").strip()

    @property
    def repo_url_is_regex(self) -> bool:
        """The URL is a regular expression."""
        return self.cred_type != GENERIC and self._texts().get("repoURLIsRegex", "").strip() == "true"

    @property
    def username(self) -> str:
        """Empty for a generic one, whose texts are all secret."""
        return "" if self.cred_type == GENERIC else self._texts().get("username", "").strip()

    @property
    def details(self) -> dict[str, str]:
        """Texts of a credential that are no secrets."""
        keys = open_keys_of(self.cred_type)
        return {key: text.strip() for key, text in self._texts().items() if key in keys and text.strip()}

    def secret_texts(self) -> dict[str, str]:
        """The secrets by key, in the clear."""
        texts = self._texts()
        if self.cred_type == GENERIC:
            return texts
        known = {"repoURL", "repoURLIsRegex", "username", *open_keys_of(self.cred_type)}
        return {key: text for key, text in texts.items() if key not in known and text}

    def contents(self, *, concise: bool = False) -> dict[str, Any]:
        """As `secret_contents` makes it."""
        return secret_contents(
            repo_url=self.repo_url,
            is_regex=self.repo_url_is_regex,
            username=self.username,
            details=self.details,
            texts=self.secret_texts(),
        )

    def _texts(self) -> dict[str, str]:
        return {**{key: _decoded(key, text) for key, text in self.data.items()}, **self.string_data}


def secret_contents(
    *, repo_url: str, is_regex: bool, username: str, details: dict[str, str], texts: dict[str, str]
) -> dict[str, Any]:
    """What Secrets are compared by: {"open": {key: text}, "sealed": {key: digest}}; no secret can be read from it."""
    named = {"repoURL": repo_url, "repoURLIsRegex": "true" if is_regex else "", "username": username, **details}
    digests = {
        key: hmac.new(_PEPPER, f"{key}\0{text}".encode(), hashlib.sha256).hexdigest() for key, text in texts.items()
    }
    return {"open": {key: text for key, text in named.items() if text}, "sealed": dict(sorted(digests.items()))}


def _decoded(key: str, text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise refusal(
            f'The value of "{key}" is not base64 of a text.',
            hint="Put plain texts under stringData.",
            at=("data", key),
        ) from None


def _checked(place: str, check: Any) -> None:
    try:
        check()
    except DomainError as error:
        at: Location = (place,)
        raise refusal(error.message, at=at) from None
