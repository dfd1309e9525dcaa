"""Who commits: name and e-mail, kept in the private home directory of one clone.

Source: Kargo docs "Promotion Steps", git identity; the fallback is Kargo's.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from integrations.git.signing import install_key


@dataclass(frozen=True, slots=True)
class Identity:
    """Author and committer of what we commit; with a private key (GPG or OpenSSH) it is signed."""

    name: str = "Kargo"
    email: str = "no-reply@kargo.io"
    signing_key: str = field(default="", repr=False)

    def environment(self) -> dict[str, str]:
        """Override author and committer of one git command."""
        who = {"NAME": self.name, "EMAIL": self.email}
        return {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in who.items()}


def write_home(home: Path, identity: Identity) -> None:
    """Make the private home directory with its git settings. Raises BadSigningKey."""
    home.mkdir(mode=0o700, exist_ok=True)
    settings = {"user.name": identity.name, "user.email": identity.email}
    if identity.signing_key:
        try:
            settings |= install_key(home, name=identity.name, email=identity.email, key=identity.signing_key)
        except BaseException:
            # Half a key is of no use and must not stay.
            shutil.rmtree(home)
            raise
    (home / ".gitconfig").write_text("".join(_lines(name, value) for name, value in settings.items()))


def _lines(name: str, value: str) -> str:
    section, _, rest = name.partition(".")
    subsection, _, key = rest.rpartition(".")
    header = f'{section} "{subsection}"' if subsection else section
    return f"[{header}]\n\t{key} = {_quoted(value)}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
