"""What every provider of pull requests can do, in words that fit them all.

A GitLab merge request is a pull request here too. Errors are those of `integrations.errors`; a permanent one means
that the provider said no, anything else that it could not be asked.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from integrations.errors import Rejected

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stands; `url` is its web page, `merge_commit` is empty unless it is merged and known."""

    number: int
    url: str
    is_open: bool
    is_merged: bool
    merge_commit: str
    head_commit: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewPullRequest:
    """What to open; branches of the same repository, by their short names."""

    title: str
    description: str
    source: str
    target: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """The pull request is merged: now, or before we came."""

    pull_request: PullRequest


@dataclass(frozen=True, slots=True)
class NotReady:
    """The provider does not let it be merged yet; a later try may succeed. `reason` continues "it"."""

    reason: str


MergeOutcome = Merged | NotReady


class Provider(Protocol):
    """The pull requests of one repository. All methods raise IntegrationError."""

    @property
    def merge_methods(self) -> tuple[str, ...]:
        """What `merge` takes as its method."""
        ...

    @property
    def has_labels(self) -> bool:
        """Whether pull requests have labels there."""
        ...

    def list_open(self, *, source: str, target: str) -> list[PullRequest]:
        """Open pull requests between two branches of the repository."""
        ...

    def get(self, number: int) -> PullRequest:
        """Raises NotFound."""
        ...

    def create(self, new: NewPullRequest) -> PullRequest:
        """Open a pull request. Never repeated by itself: look with `list_open` whether a broken try had success."""
        ...

    def finish(self, number: int, labels: tuple[str, ...]) -> None:
        """Do what a `create` that was cut off may have left undone; harmless when nothing is."""
        ...

    def merge(self, number: int, *, method: str) -> MergeOutcome:
        """Try to merge, once; an empty method is the provider's default. Raises Rejected when it can never be."""
        ...


def check_method(method: str, methods: tuple[str, ...]) -> None:
    """Raise Rejected for a merge method that the provider does not have; an empty one is its default."""
    if method and method not in methods:
        raise Rejected(f'merge method "{method}" is unknown there; known are {", ".join(methods)}')


def find_open(provider: Provider, *, source: str, target: str, head: str) -> PullRequest | None:
    """The newest open pull request between two branches whose head is this commit."""
    found = provider.list_open(source=source, target=target)
    # Bitbucket Cloud shortens commit ids.
    same = [pull for pull in found if pull.head_commit and head.startswith(pull.head_commit)]
    return max(same, key=lambda pull: pull.created_at or _LONG_AGO, default=None)
