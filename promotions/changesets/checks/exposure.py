"""Secrets in places that are written down or shown: commit messages, pull requests, outputs, metadata. Pure.

Differs: Kargo has no such check. What a step shows is masked here, but not what it writes to other systems.
"""

from collections.abc import Iterator, Mapping

from expressions import Call, ExpressionError, Member, Name, Node, split_template, walk
from promotions.changesets.checks.doubts import Doubt
from promotions.changesets.checks.places import Place

_SECRETS = frozenset({"secret", "sharedSecret"})
# By kind of step: the fields that others can read; None: all of them.
_SHOWN: Mapping[str, frozenset[str] | None] = {
    "compose-output": None,
    "fail": frozenset({"message"}),
    "get-user-input": None,
    "gh-create-issue": frozenset({"title", "body", "labels"}),
    "gh-issue-add-comment": frozenset({"body"}),
    "gh-issue-update-comment": frozenset({"body"}),
    "git-commit": frozenset({"message", "author"}),
    "git-open-pr": frozenset({"title", "description", "labels", "sourceBranch", "targetBranch"}),
    "git-push": frozenset({"targetBranch", "tag"}),
    "git-tag": frozenset({"tag", "message"}),
    "http": frozenset({"url", "queryParams"}),
    "record-audit-event": None,
    "send-message": frozenset({"message", "slack", "smtp"}),
    "set-metadata": None,
    "wait-for-approval": None,
}
_WHERE = {
    "compose-output": "the outputs of the promotion",
    "fail": "the message of the promotion",
    "get-user-input": "a form that every member can read",
    "http": "the URL, which servers and proxies log",
    "record-audit-event": "the audit log",
    "send-message": "a message",
    "set-metadata": "metadata that every member can read",
    "wait-for-approval": "a question that every member can read",
}


def list_doubts(place: Place, nodes: list[Node]) -> Iterator[Doubt]:
    """Doubts about one place; also when the secret comes by way of a variable."""
    kind = (place.step.step.get("uses") or "") if place.step else ""
    if kind not in _SHOWN or not place.field or place.field == "if":
        return
    fields = _SHOWN[kind]
    if fields is not None and place.field not in fields:
        return
    for node in nodes:
        if _finds_secret(node, place.scope.vars):
            where = _WHERE.get(
                kind, f"{place.field} of {kind}, where everybody with access to the repository reads it"
            )
            message = f"A secret is written to {where}."
            yield Doubt("exposed-secret", message, "Leave it out, or pass it to a field for credentials.")


def _finds_secret(node: Node, variables: Mapping[str, str | None]) -> bool:
    """Does the expression use a secret, or a variable whose text does?"""
    for each in walk(node):
        if isinstance(each, Call) and each.name in _SECRETS:
            return True
        is_variable = isinstance(each, Member) and isinstance(each.base, Name) and each.base.name == "vars"
        if is_variable and isinstance(each, Member) and _holds_secret(variables.get(each.name)):
            return True
    return False


def _holds_secret(template: str | None) -> bool:
    if not template or "${" not in template:
        return False
    try:
        parts = split_template(template)
    except ExpressionError:
        return False  # reported where it stands
    nodes = (node for part in parts if part.node is not None for node in walk(part.node))
    return any(isinstance(node, Call) and node.name in _SECRETS for node in nodes)
