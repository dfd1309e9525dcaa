"""What the steps around GitHub Actions share: the fields of their configs, and the way to the workflows."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from integrations.credentials import Token
from integrations.github.actions import GitHubActions, connect_actions
from promotions.steps.base import StepConfig, StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.uris import Uri


def whole(value: object) -> object:
    """Expressions give whole numbers as floats at times; JSON does not tell them apart either."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class SecretChoice(StepConfig):
    secret_name: str = Field(min_length=1, description="Generic secret of the project with the key accessToken.")


RepoUrl = Annotated[
    Uri, Field(alias="repoURL", description="Repository on GitHub, for example https://github.com/acme/app.")
]
Insecure = Annotated[bool, Field(alias="insecureSkipTLSVerify", description="Trust any certificate of GitHub.")]
Credentials = Annotated[
    SecretChoice | None,
    Field(description="A secret of its own; the git credentials of the repository when left out."),
]
RunId = Annotated[int, BeforeValidator(whole), Field(alias="runID", ge=1, description="Id of the workflow run.")]


def connect(
    context: StepContext, repo_url: str, credentials: SecretChoice | None, *, insecure: bool
) -> GitHubActions:
    """The workflows of a repository. Raises IntegrationError, and StepErrored without a usable secret."""
    found = (
        given(context.can.credentials).find("git", repo_url)
        if credentials is None
        else _read_token(context, credentials.secret_name)
    )
    return connect_actions(given(context.can.http), repo_url, found, verify_tls=not insecure)


def _read_token(context: StepContext, name: str) -> Token:
    secret = given(context.can.secrets).secret(name)
    if secret is None:
        raise StepErrored(f'generic secret "{name}" does not exist in this project', permanent=True)
    if not secret.get("accessToken"):
        raise StepErrored(f'generic secret "{name}" has no key accessToken', permanent=True)
    return Token(secret["accessToken"])
