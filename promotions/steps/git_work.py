"""What all git steps share: where clones lie, whose credentials are used, where git's output goes."""

from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path

from pydantic import Field, field_validator

from integrations.git.environment import Console, Remote
from integrations.git.identity import Identity
from integrations.git.worktree import Worktree
from promotions.steps.base import StepConfig, StepContext
from promotions.steps.capabilities import given
from promotions.steps.private import private_dir


class Author(StepConfig):
    """Who a commit is by."""

    name: str = Field(min_length=1, description="Name of the author.")
    email: str = Field(description="E-mail address of the author.", json_schema_extra={"format": "email"})
    signing_key: str = Field(
        "",
        description="Private key, GPG (armored; name and email must be those of the key) or OpenSSH, without a "
        "passphrase: commits and tags are signed with it.",
    )

    @field_validator("email")
    @classmethod
    def require_an_address(cls, text: str) -> str:
        _address_of(text)
        return text


def read_identity(author: Author) -> Identity:
    """The author as git wants it: of `Ann <ann@example.com>` in the field email only the address."""
    return Identity(author.name, _address_of(author.email), author.signing_key)


def _address_of(text: str) -> str:
    # The whole text is an address, or a name with an address in angle brackets.
    bare = text.rpartition("<")[2].removesuffix(">") if text.rstrip().endswith(">") else text
    try:
        address = Address(addr_spec=bare)
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError("must be an e-mail address") from error
    if not address.username or not address.domain:
        raise ValueError("must be an e-mail address")
    return bare


def clones_dir(context: StepContext) -> Path:
    """Where this promotion's clones are, out of reach of other steps."""
    return private_dir(context) / "clones"


def console(context: StepContext) -> Console:
    """Git writes its progress to standard error; here it is ordinary output."""
    return Console(log=lambda _, line: context.log(line, "out"), should_stop=context.should_stop)


def load_worktree(context: StepContext, path: str) -> Worktree:
    """The work tree that git-clone made at `path`, or around it. Raises NotFound."""
    return Worktree.load(context.path(path), clones_dir(context))


def find_remote(context: StepContext, worktree: Worktree) -> Remote:
    """The repository the work tree came from, with the project's credentials for it."""
    credentials = given(context.can.credentials).find("git", worktree.origin_url())
    return worktree.remote(credentials, reach=given(context.can.git).reach)


def worktree_id(worktree: Worktree) -> str:
    """Tells a work tree from a later one at the same path."""
    return (worktree.root / ".git").read_text()
