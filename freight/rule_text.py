"""A subscription written as YAML, one entry of `spec.subscriptions`: read it, or say what is wrong with it. Pure."""

import re
from dataclasses import dataclass

from pydantic import ValidationError

from freight.manifests import SubscriptionManifest, WarehouseSpec
from projects.documents import Problem, SourceText, read_documents
from projects.manifest_errors import list_problems

MAX_CHARACTERS = 20_000
_LIST_DASH = re.compile(r"\A(\s*)- ")
_HEAD = "subscriptions:\n- "


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the text; `line` counts from 1, 0 where no place is known."""

    line: int
    message: str
    hint: str


def read_rule(text: str) -> tuple[SubscriptionManifest | None, tuple[Fault, ...]]:
    """The subscription, or what is wrong with it. An entry copied out of a list may keep its dash."""
    if len(text) > MAX_CHARACTERS:
        return None, (Fault(0, f"The rule is longer than {MAX_CHARACTERS} characters.", "Try a part of it."),)
    lines = _LIST_DASH.sub(r"\1  ", text.replace("\r\n", "\n"), count=1).strip("\n").split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    # As an entry of a list it can be read as the warehouse is; each line moves two to the right.
    body = "\n  ".join(line[margin:] for line in lines)
    if not body.strip():
        return None, (Fault(0, "The rule is empty.", "Write one entry of subscriptions: git, image or chart."),)
    documents, problems = read_documents(SourceText("rule", f"{_HEAD}{body}\n"))
    if problems or not documents:
        return None, tuple(map(_fault, problems))
    try:
        spec = WarehouseSpec.model_validate(documents[0].content)
    except ValidationError as error:
        return None, tuple(map(_fault, list_problems(error, WarehouseSpec, documents[0])))
    return spec.subscriptions[0], ()


def _fault(problem: Problem) -> Fault:
    return Fault(max(problem.line - 1, 0), problem.message.replace("subscriptions[0]", "the rule"), problem.hint)
