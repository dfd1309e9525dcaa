"""Who commits: name and e-mail, kept in the private home directory of one clone.

Source: Kargo docs "Promotion Steps", git identity; the fallback is Kargo's.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """Author and committer of what we commit."""

    name: str = "Kargo"
    email: str = "no-reply@kargo.io"

    def environment(self) -> dict[str, str]:
        """Override author and committer of one git command."""
        who = {"NAME": self.name, "EMAIL": self.email}
        return {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in who.items()}


def write_home(home: Path, identity: Identity) -> None:
    """Make the private home directory with its git settings."""
    home.mkdir(mode=0o700, exist_ok=True)
    settings = f"[user]\n\tname = {_quoted(identity.name)}\n\temail = {_quoted(identity.email)}\n"
    (home / ".gitconfig").write_text(settings)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
