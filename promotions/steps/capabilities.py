"""What a step may reach of ours, behind protocols; the engine hands in the real ones, `step run` a file's."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from integrations.argocd.client import ArgoCD
from integrations.credentials import BasicAuth, SshKey, Token
from integrations.http import HttpClient, HttpPolicy
from promotions.references import FreightReference
from promotions.steps.channels import MessageAccess
from promotions.steps.events import EventAccess
from promotions.steps.people import PeopleAccess
from promotions.steps.target_freight import TargetFreight
from promotions.steps.tools import Tools

Credential = BasicAuth | Token | SshKey
_Capability = TypeVar("_Capability")
CredentialKind = Literal["git", "image", "helm"]
PushPolicyName = Literal["AlwaysRebase", "AlwaysMerge", "RebaseOrMerge", "RebaseOrFail"]


@dataclass(frozen=True, slots=True)
class GitIdentity:
    """Who commits when a step names nobody."""

    name: str
    email: str
    signing_key: str = field(default="", repr=False)


class GitAccess(Protocol):
    """Mirrors, identity and the lock that keeps pushes of ours to one branch in a row."""

    mirrors_dir: Path
    identity: GitIdentity
    push_policy: PushPolicyName
    allow_file_protocol: bool
    # Which hosts git may connect to; None is any host.
    reach: HttpPolicy | None

    def push_lock(
        self, repo_url: str, branch: str, *, should_stop: Callable[[], bool]
    ) -> AbstractContextManager[None]:
        """Hold the queue of one branch; shared by all workers."""
        ...


class CredentialAccess(Protocol):
    """Credentials of the project, then shared ones; the values are masked in the log from then on."""

    def find(self, kind: CredentialKind, repo_url: str) -> Credential | None:
        """The first credential that fits, or None: work anonymously."""
        ...


class FreightAccess(Protocol):
    """The freight collection that this promotion makes."""

    def list_references(self) -> tuple[FreightReference, ...]:
        """All references of the target collection, sorted by origin."""
        ...

    def list_ambiguous_images(self) -> frozenset[str]:
        """Repository URLs that more than one subscription of the requested warehouses offers."""
        ...


class MetadataAccess(Protocol):
    """Metadata of stages and freight of the project."""

    def merge(self, kind: Literal["Stage", "Freight"], name: str, values: dict[str, Any]) -> None:
        """Upsert keys. Raises LookupError when there is no such thing."""
        ...


class ArgoCDAccess(Protocol):
    """The Argo CD of this installation."""

    @property
    def namespace(self) -> str:
        """Where applications are that name no namespace."""
        ...

    def connect(self) -> AbstractContextManager[ArgoCD]:
        """A client for as long as the block runs. Raises StepErrored when there is no connection."""
        ...


class AliasAccess(Protocol):
    """Names that people gave to freight of the project."""

    def rename(self, name: str, alias: str) -> str:
        """Give freight another alias; answers the old one. Raises LookupError (no such freight), ValueError."""
        ...


class SecretAccess(Protocol):
    """Generic secrets by name; the values are masked in the log from then on."""

    def secret(self, name: str) -> dict[str, str] | None:
        """A secret of the project, or None."""
        ...

    def shared_secret(self, name: str) -> dict[str, str] | None:
        """A secret that all projects share, or None."""
        ...


@dataclass(frozen=True, slots=True)
class GitHubPushRules:
    """What the operator allows github-push; `verify_untrusted`: GitHub signs also what no trusted key has signed."""

    max_commits: int = 10
    verify_untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this step was given; a step only gets what its `needs` name."""

    git: GitAccess | None = None
    credentials: CredentialAccess | None = None
    freight: FreightAccess | None = None
    metadata: MetadataAccess | None = None
    http: HttpClient | None = None
    argocd: ArgoCDAccess | None = None
    tools: Tools | None = None
    aliases: AliasAccess | None = None
    github_push: GitHubPushRules | None = None
    people: PeopleAccess | None = None
    messages: MessageAccess | None = None
    events: EventAccess | None = None
    secrets: SecretAccess | None = None
    target_freight: TargetFreight | None = None


def given(capability: _Capability | None) -> _Capability:
    """A capability the step declared in `needs`; its presence was checked before the step began."""
    if capability is None:
        raise LookupError("The step uses a capability that its `needs` do not name.")
    return capability
