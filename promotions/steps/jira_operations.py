"""The operations of the step jira: the config of each, what it does, and what it would do."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import Field, model_validator

from integrations.jira.adf import text_to_adf
from integrations.jira.client import Jira
from promotions.steps.base import Done, StepConfig, StepContext, StepErrored, StepFailed, Waiting, Would
from promotions.steps.capabilities import given
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration
from promotions.steps.private import read_note, write_note

_NOTE = "jira"
_DEFAULT_INTERVAL = timedelta(minutes=5)

IssueKey = Field(min_length=1, description="Key of the issue, such as SHOP-12.")
Adf = Field(None, description="Text as a document of Jira's own format (ADF), instead of the plain text.")
CustomFields: Any = Field(default_factory=dict, description="Fields by id, such as customfield_10000.")


class CreateIssue(StepConfig):
    project_key: str = Field(min_length=1, description="Key of the Jira project.")
    summary: str = Field(min_length=1, max_length=255, description="Title of the issue.")
    description: str = Field("", description="Plain text.")
    adf_description: dict[str, Any] | None = Adf
    issue_type: str = Field("Task", min_length=1, description="Type, such as Task or Bug.")
    assignee_email: str = Field("", description="Mail address of who it is assigned to.")
    labels: list[str] = Field(default_factory=list, description="Labels.")
    custom_fields: dict[str, Any] = CustomFields
    issue_alias: str = Field("jira-issue-key", min_length=1, description="Key in the freight's metadata.")

    @model_validator(mode="after")
    def write_once(self) -> "CreateIssue":
        _refuse_both(self.description, self.adf_description, "description", "adfDescription")
        return self


class UpdateIssue(StepConfig):
    issue_key: str = IssueKey
    summary: str = Field("", max_length=255, description="New title.")
    description: str = Field("", description="New plain text.")
    adf_description: dict[str, Any] | None = Adf
    issue_type: str = Field("", description="New type.")
    assignee_email: str = Field("", description="Mail address of who it is assigned to instead.")
    status: str = Field("", description="Status to bring it to, over one transition.")
    add_labels: list[str] = Field(default_factory=list, description="Labels to add.")
    remove_labels: list[str] = Field(default_factory=list, description="Labels to remove.")
    custom_fields: dict[str, Any] = CustomFields

    @model_validator(mode="after")
    def write_once(self) -> "UpdateIssue":
        _refuse_both(self.description, self.adf_description, "description", "adfDescription")
        return self


class DeleteIssue(StepConfig):
    issue_key: str = IssueKey
    delete_subtasks: bool = Field(False, description="Delete its subtasks too.")


class SearchIssue(StepConfig):
    jql: str = Field(min_length=1, description="Query in Jira's language.")
    expect_multiple: bool = Field(False, description="Take the first of several; else several are a failure.")
    fields_: list[str] = Field(
        default_factory=list, alias="fields", description="Fields to give; the usual ones if empty."
    )
    expands: list[str] = Field(default_factory=list, description="Fields to expand.")


class CommentOnIssue(StepConfig):
    issue_key: str = IssueKey
    body: str = Field("", description="Plain text.")
    adf_body: dict[str, Any] | None = Adf

    @model_validator(mode="after")
    def write_something(self) -> "CommentOnIssue":
        _refuse_both(self.body, self.adf_body, "body", "adfBody")
        if not self.body and self.adf_body is None:
            raise ValueError("give body or adfBody")
        return self


class DeleteComment(StepConfig):
    issue_key: str = IssueKey
    comment_id: str = Field(min_length=1, alias="commentID", description="Id of the comment; wrap it in quote().")


class WaitForStatus(StepConfig):
    issue_key: str = IssueKey
    expected_status: str = Field(min_length=1, description="Status to wait for.")
    poll_interval: str = Field("", pattern=SCHEMA_PATTERN, description="Wait before looking again; 5m when left out.")


def _refuse_both(text: str, document: object, text_name: str, document_name: str) -> None:
    if text and document is not None:
        raise ValueError(f"give either {text_name} or {document_name}")


def _create(context: StepContext, jira: Jira, config: CreateIssue) -> Done:
    # A retry of the promotion is about the same issue, too.
    key = (context.previous_output or {}).get("key") or _find_begun(
        context, "key", lambda mark: jira.find_marked_issue(config.project_key, mark)
    )
    if key is None:
        fields = {
            "project": {"key": config.project_key},
            "issuetype": {"name": config.issue_type},
            **_texts(jira, config),
            **({"labels": config.labels} if config.labels else {}),
            **config.custom_fields,
        }
        write_note(context, _NOTE, {"began": True})
        key = jira.create_issue(fields, mark=_mark(context))
        context.log(f"Created issue {key}", "info")
    write_note(context, _NOTE, {"key": key})
    try:
        given(context.can.target_freight).remember({config.issue_alias: key})
    except LookupError as error:
        raise StepErrored(f"issue {key} was created, but the freight that should keep its key was deleted") from error
    return Done({"key": key}, f"issue {key}")


def _update(context: StepContext, jira: Jira, config: UpdateIssue) -> Done:
    fields = {
        **({"issuetype": {"name": config.issue_type}} if config.issue_type else {}),
        **_texts(jira, config),
        **config.custom_fields,
    }
    key = config.issue_key
    jira.update_issue(key, fields, add_labels=config.add_labels, remove_labels=config.remove_labels)
    if config.status:
        _bring_to(context, jira, key, config.status)
    context.log(f"Changed issue {key}", "info")
    return Done()


def _bring_to(context: StepContext, jira: Jira, key: str, status: str) -> None:
    if _same(jira.read_status(key), status):
        context.log(f"Issue {key} is {status} already", "info")
        return
    ways = jira.list_transitions(key)
    way = next((way for way in ways if _same(way.target, status)), None)
    way = way or next((way for way in ways if _same(way.name, status)), None)
    if way is None:
        open_ = ", ".join(f'"{way.target}"' for way in ways) or "none"
        raise StepFailed(f'issue {key} cannot go to "{status}" from where it is; possible are {open_}')
    jira.transition(key, way.number)
    context.log(f"Moved issue {key} to {way.target}", "info")


def _delete(context: StepContext, jira: Jira, config: DeleteIssue) -> Done:
    was_there = jira.delete_issue(config.issue_key, with_subtasks=config.delete_subtasks)
    context.log(f"Issue {config.issue_key} {'was deleted' if was_there else 'was gone already'}", "info")
    return Done()


def _search(context: StepContext, jira: Jira, config: SearchIssue) -> Done:
    found = jira.search(config.jql, fields=config.fields_, expands=config.expands)
    if not found:
        raise StepFailed(f"no issue matches {config.jql}")
    if len(found) > 1 and not config.expect_multiple:
        raise StepFailed(f"several issues match {config.jql}; narrow it, or set expectMultiple to take the first")
    context.log(f"Found issue {found[0].get('key')}", "info")
    return Done({"issue": found[0]})


def _comment(context: StepContext, jira: Jira, config: CommentOnIssue) -> Done:
    number = _find_begun(context, "commentID", lambda mark: jira.find_marked_comment(config.issue_key, mark))
    if number is None:
        body = config.adf_body if config.adf_body is not None else text_to_adf(config.body)
        write_note(context, _NOTE, {"began": True})
        number = jira.comment(config.issue_key, body, mark=_mark(context))
        context.log(f"Commented on issue {config.issue_key}", "info")
    write_note(context, _NOTE, {"commentID": number})
    return Done({"commentID": number})


def _delete_comment(context: StepContext, jira: Jira, config: DeleteComment) -> Done:
    was_there = jira.delete_comment(config.issue_key, config.comment_id)
    context.log(f"Comment {config.comment_id} {'was deleted' if was_there else 'was gone already'}", "info")
    return Done()


def _wait(context: StepContext, jira: Jira, config: WaitForStatus) -> Done | Waiting:
    try:
        pause = parse_duration(config.poll_interval) if config.poll_interval else _DEFAULT_INTERVAL
    except ValueError as error:
        raise StepErrored(f"pollInterval: {error}") from error
    status = jira.read_status(config.issue_key)
    if _same(status, config.expected_status):
        return Done()
    return Waiting(f'issue {config.issue_key} is "{status}", waits for "{config.expected_status}"', pause)


def _texts(jira: Jira, config: CreateIssue | UpdateIssue) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if config.summary:
        fields["summary"] = config.summary
    if config.adf_description is not None:
        fields["description"] = config.adf_description
    elif config.description:
        fields["description"] = text_to_adf(config.description)
    if config.assignee_email:
        fields["assignee"] = {"accountId": jira.find_account(config.assignee_email)}
    return fields


def _find_begun(context: StepContext, name: str, find: Callable[[str], str | None]) -> str | None:
    """What an interrupted try of this step has made; what a finished one made is not meant."""
    note = read_note(context, _NOTE)
    if note is None or (context.previous_output or {}).get(name, "") == note.get(name):
        return None
    found = note.get(name) or find(_mark(context))
    if found:
        context.log(f"{found} was made by an interrupted try", "info")
    return found


def _mark(context: StepContext) -> str:
    return hashlib.sha256(f"{context.project}/{context.promotion}/{context.alias}".encode()).hexdigest()[:24]


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


@dataclass(frozen=True, slots=True)
class Operation:
    """How one operation is done, and how a preview says it. `output`: what is known of it before."""

    run: Callable[[StepContext, Jira, Any], Done | Waiting]
    say: Callable[[Any], str]
    output: Mapping[str, Any] | None = None

    def would(self, config: Any) -> Would:
        return Would(f"would {self.say(config)}", self.output)


OPERATIONS: dict[str, Operation] = {
    "create_issue": Operation(_create, lambda c: f'create an issue "{c.summary}" in Jira project {c.project_key}'),
    "update_issue": Operation(_update, lambda c: f"change Jira issue {c.issue_key}", {}),
    "delete_issue": Operation(_delete, lambda c: f"delete Jira issue {c.issue_key}", {}),
    "search_issue": Operation(_search, lambda c: f"search Jira for {c.jql}"),
    "comment_on_issue": Operation(_comment, lambda c: f"comment on Jira issue {c.issue_key}"),
    "delete_comment": Operation(_delete_comment, lambda c: f"delete a comment of Jira issue {c.issue_key}", {}),
    "wait_for_status": Operation(_wait, lambda c: f"wait until Jira issue {c.issue_key} is {c.expected_status}", {}),
}
