"""What the steps around GitHub's issues share: the fields of their configs, and the way to the issues."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from integrations.github.issues import GitHubIssues, connect_issues
from promotions.steps.base import StepContext
from promotions.steps.capabilities import given
from promotions.steps.uris import Uri


def _whole(value: object) -> object:
    """Expressions give whole numbers as floats at times; JSON does not tell them apart either."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


RepoUrl = Annotated[
    Uri, Field(alias="repoURL", description="Repository on GitHub, for example https://github.com/acme/app.")
]
Insecure = Annotated[bool, Field(alias="insecureSkipTLSVerify", description="Trust any certificate of GitHub.")]
IssueNumber = Annotated[int, BeforeValidator(_whole), Field(ge=1, description="Number of the issue.")]
CommentId = Annotated[
    int,
    BeforeValidator(_whole),
    Field(alias="commentID", ge=1, description="Id of the comment, as add-comment gave it."),
]
Body = Annotated[str, Field(min_length=1, description="Text, in GitHub's Markdown.")]
Label = Annotated[str, Field(min_length=1)]


def connect(context: StepContext, repo_url: str, *, insecure: bool) -> GitHubIssues:
    """The issues of a repository, with the project's git credentials for it. Raises IntegrationError."""
    credentials = given(context.can.credentials).find("git", repo_url)
    return connect_issues(given(context.can.http), repo_url, credentials, verify_tls=not insecure)
