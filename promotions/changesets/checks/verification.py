"""Does a stage give its analysis templates the arguments they ask for? Pure.

Source: Argo Rollouts docs, analysis (an argument without a value must be given).
Differs: Kargo finds it when the verification starts, which then ends as Errored.
"""

from collections.abc import Iterator
from typing import Any

from projects.documents import Problem
from promotions.changesets.checks.world import World
from promotions.changesets.parsing import Entry, Findings


def check_verification(entries: list[Entry], world: World, findings: Findings) -> None:
    """All stages among the documents whose templates are known."""
    for entry in entries:
        if entry.key.kind == "Stage" and entry.contents.get("verification"):
            findings.warnings.extend(_list_missing(entry, entry.contents["verification"], world))


def _list_missing(entry: Entry, verification: dict[str, Any], world: World) -> Iterator[Problem]:
    given = {argument["name"] for argument in verification.get("args") or ()}
    for index, reference in enumerate(verification.get("analysisTemplates") or ()):
        kind, name = reference["kind"], reference["name"]
        template = world.find(kind, entry.key.project, name)
        for argument in (template or {}).get("args") or ():
            has_value = argument.get("value") is not None or argument.get("valueFrom") is not None
            if has_value or argument["name"] in given:
                continue
            message = f'{kind} "{name}" needs the argument "{argument["name"]}", so verification will fail.'
            hint = f"Add it under verification.args: - name: {argument['name']}, value: ..."
            at = ("spec", "verification", "analysisTemplates", index, "name")
            yield entry.document.problem(message, *at, hint=hint, rule="missing-analysis-argument")
