"""Credentials as plain values: who we are towards an outside system.

Their repr shows no secret, so that a traceback or a log line with one in it is harmless.
"""

from dataclasses import dataclass, field

_MASK = "***"


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User name and password; for most git hosts and registries the password is an access token."""

    username: str
    password: str = field(repr=False)

    def __repr__(self) -> str:
        return f"BasicAuth(username={self.username!r}, password={_MASK!r})"

    def secrets(self) -> tuple[str, ...]:
        """Strings that must never appear in a log."""
        return (self.password,) if self.password else ()


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token without a user name."""

    token: str = field(repr=False)

    def __repr__(self) -> str:
        return f"Token({_MASK!r})"

    def secrets(self) -> tuple[str, ...]:
        """Strings that must never appear in a log."""
        return (self.token,) if self.token else ()


@dataclass(frozen=True, slots=True)
class SshKey:
    """A private key in PEM or OpenSSH form; an empty passphrase means an unencrypted key."""

    private_key: str = field(repr=False)
    passphrase: str = field(default="", repr=False)

    def __repr__(self) -> str:
        return f"SshKey({_MASK!r})"

    def secrets(self) -> tuple[str, ...]:
        """Strings that must never appear in a log: the key as a whole, each of its lines, the passphrase."""
        lines = (line.strip() for line in self.private_key.splitlines())
        parts = (
            self.private_key.strip(),
            *(line for line in lines if line and "-----" not in line),
            self.passphrase,
        )
        return tuple(part for part in parts if part)


Credentials = BasicAuth | Token | SshKey
