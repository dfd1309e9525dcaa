"""jira: create, change, delete or find an issue, comment on it, or wait for its status.

The secret has the keys `domain` (https://acme.atlassian.net), `username` and `password` (an API token). Plain texts
are shown as they are; for more give a document of Jira's own format (ADF). The key of a created issue is kept with
the freight: `freightMetadata(ctx.targetFreight.name)['jira-issue-key']`.

Source: Kargo docs `promotion-steps/jira.md`.
Differs: a search without a hit fails; deleting what is gone is fine. An issue or comment keeps an unseen mark of its
promotion and step, so an interrupted run is not repeated. The type of an issue is Task when left out.
"""

from typing import Any

from pydantic import Field, model_validator

from integrations.credentials import BasicAuth
from integrations.jira.client import Jira, connect_jira
from promotions.steps.base import Done, Effect, Result, Step, StepConfig, StepContext, StepErrored, Waiting, Would
from promotions.steps.capabilities import given
from promotions.steps.jira_operations import (
    OPERATIONS,
    CommentOnIssue,
    CreateIssue,
    DeleteComment,
    DeleteIssue,
    SearchIssue,
    UpdateIssue,
    WaitForStatus,
)


class JiraCredentials(StepConfig):
    secret_name: str = Field("", description="Generic secret of the project.")
    shared_secret_name: str = Field("", description="Generic secret that all projects share.")

    @model_validator(mode="after")
    def choose_one(self) -> "JiraCredentials":
        if bool(self.secret_name) == bool(self.shared_secret_name):
            raise ValueError("give either secretName or sharedSecretName")
        return self


class Config(StepConfig):
    credentials: JiraCredentials = Field(description="Secret with domain, username and password.")
    create_issue: CreateIssue | None = Field(None, description="Create an issue.")
    update_issue: UpdateIssue | None = Field(None, description="Change an issue.")
    delete_issue: DeleteIssue | None = Field(None, description="Delete an issue.")
    search_issue: SearchIssue | None = Field(None, description="Find an issue.")
    comment_on_issue: CommentOnIssue | None = Field(None, description="Comment on an issue.")
    delete_comment: DeleteComment | None = Field(None, description="Delete a comment.")
    wait_for_status: WaitForStatus | None = Field(None, description="Wait for the status of an issue.")

    @model_validator(mode="after")
    def choose_operation(self) -> "Config":
        if sum(getattr(self, name) is not None for name in OPERATIONS) != 1:
            known = ", ".join(type(self).model_fields[name].alias or name for name in OPERATIONS)
            raise ValueError(f"give exactly one of {known}")
        return self

    def chosen(self) -> tuple[str, Any]:
        """Name and config of the operation."""
        return next((name, part) for name in OPERATIONS if (part := getattr(self, name)) is not None)


def run(context: StepContext, config: Config) -> Done | Waiting:
    name, part = config.chosen()
    return OPERATIONS[name].run(context, _connect(context, config.credentials), part)


def would(context: StepContext, config: Config) -> Result | Would:
    """Searching changes nothing, so it is done."""
    name, part = config.chosen()
    return run(context, config) if name == "search_issue" else OPERATIONS[name].would(part)


def _connect(context: StepContext, choice: JiraCredentials) -> Jira:
    secrets = given(context.can.secrets)
    name = choice.secret_name or choice.shared_secret_name
    found = secrets.secret(name) if choice.secret_name else secrets.shared_secret(name)
    where = "of this project" if choice.secret_name else "that all projects share"
    if found is None:
        raise StepErrored(f'generic secret "{name}" {where} does not exist', permanent=True)
    for key in ("domain", "username", "password"):
        if not found.get(key):
            raise StepErrored(f'generic secret "{name}" {where} has no key {key}', permanent=True)
    login = BasicAuth(found["username"], found["password"])
    return connect_jira(given(context.can.http), found["domain"], login)


STEP = Step(
    "jira",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Finds the issue or comment that an interrupted run has made; a retry of the promotion comments again.",
    outputs={
        "key": "createIssue: key of the issue.",
        "issue": "searchIssue: the issue as Jira gives it.",
        "commentID": "commentOnIssue: id of the comment.",
    },
    needs=("secrets", "http", "target_freight"),
    would=would,
)
