"""What the steps around pull requests share: the fields of their configs, and the way to the provider."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from integrations.gitproviders.base import Provider, PullRequest
from integrations.gitproviders.registry import open_provider
from promotions.steps.base import StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration
from promotions.steps.uris import Uri
from promotions.steps.whole_numbers import Whole


def _refuse_empty(value: object) -> object:
    """An empty name is no provider; leaving the field out is how to say "find out"."""
    if value == "":
        raise ValueError("must be one of azure, bitbucket, gitea, github, gitlab")
    return value


RepoUrl = Annotated[Uri, Field(alias="repoURL", description="Repository; an http(s) or ssh:// URL.")]
ProviderName = Annotated[
    Literal["", "azure", "bitbucket", "gitea", "github", "gitlab"],
    BeforeValidator(_refuse_empty),
    Field(description="Git provider; found by the host when left out."),
]
Insecure = Annotated[bool, Field(alias="insecureSkipTLSVerify", description="Trust any certificate of the provider.")]
Number = Annotated[Whole, Field(ge=1, description="Number of the pull request.", json_schema_extra={"minimum": 1})]


def interval(default: str) -> Any:
    """The field `pollInterval`; empty when it is left out."""
    return Field("", pattern=SCHEMA_PATTERN, description=f"Wait before looking again; {default} when left out.")


def read_interval(text: str, default: timedelta) -> timedelta:
    """Raises StepErrored for what the schema's pattern lets through and is no duration."""
    try:
        return parse_duration(text) if text else default
    except ValueError as error:
        raise StepErrored(f"pollInterval: {error}") from error


def connect(context: StepContext, repo_url: str, provider: str, *, insecure: bool) -> Provider:
    """The provider of a repository, with the project's credentials for it. Raises IntegrationError."""
    return open_provider(
        given(context.can.http),
        repo_url,
        given(context.can.credentials).find("git", repo_url),
        provider=provider,
        verify_tls=not insecure,
    )


def describe(pull: PullRequest) -> Mapping[str, Any]:
    """A pull request as later steps see it; `commit` only when the merge commit is known."""
    shown = {"id": pull.number, "url": pull.url, "open": pull.is_open, "merged": pull.is_merged}
    return {"pr": shown, **({"commit": pull.merge_commit} if pull.merge_commit else {})}
