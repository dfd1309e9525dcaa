"""Do the things that objects name exist, and does freight flow forward? Pure.

Source: Kargo code, webhooks of Stage and Freight; Kargo accepts stages whose upstream does not exist yet.
Differs: a cycle of stages is refused; what can never work, but is accepted by Kargo, is warned of.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from projects.documents import Path, Problem
from projects.manifest_errors import suggest
from promotions.changesets.checks.world import World, steps_of
from promotions.changesets.parsing import Entry, Findings
from promotions.graph import find_cycle


def check_references(entries: list[Entry], world: World, findings: Findings) -> None:
    """Projects, warehouses, upstream stages, analysis templates, origins; cycles."""
    for entry in entries:
        _check_project(entry, world, findings)
        if entry.key.kind == "Stage":
            _check_stage(entry, world, findings)
        elif entry.key.kind == "Warehouse":
            findings.warnings.extend(_list_old_filters(entry))
        elif entry.key.kind == "Freight":
            _check_origin(entry, world, findings)
    for project in dict.fromkeys(entry.key.project for entry in entries if entry.key.kind == "Stage"):
        _check_cycles([entry for entry in entries if entry.key.project == project], world, findings)


def _check_project(entry: Entry, world: World, findings: Findings) -> None:
    project = entry.key.project
    if not project or world.has("Project", "", project):
        return
    if not world.is_complete:
        message = f'Project "{project}" is not in these files.'
        problem = entry.document.problem(message, "metadata", "namespace", rule="unknown-project")
        findings.warnings.append(problem)
        return
    message = f'Project "{project}" does not exist.'
    hint = suggest(project, world.list_names("Project", ""), what="Projects")
    hint = f"{hint} Or add a document of kind Project.".strip()
    problem = entry.document.problem(message, "metadata", "namespace", hint=hint, rule="unknown-project")
    findings.errors.append(problem)


def _check_stage(entry: Entry, world: World, findings: Findings) -> None:
    project, document = entry.key.project, entry.document
    for index, request in enumerate(entry.contents["requestedFreight"]):
        at = ("spec", "requestedFreight", index)
        origin, sources = request["origin"]["name"], request["sources"]
        if not world.has("Warehouse", project, origin):
            message = f'{entry.title()} requests freight of Warehouse "{origin}", which does not exist.'
            hint = suggest(origin, world.list_names("Warehouse", project), what="Warehouses")
            problem = document.problem(message, *at, "origin", "name", hint=hint, rule="unknown-warehouse")
            findings.warnings.append(problem)
        if not sources.get("direct") and not sources.get("stages"):
            message = f"{entry.title()} names no source, so only freight approved by hand can enter."
            hint = "Set direct: true, or list upstream stages."
            findings.warnings.append(document.problem(message, *at, "sources", hint=hint, rule="no-source"))
        for position, upstream in enumerate(sources.get("stages") or ()):
            place = (*at, "sources", "stages", position)
            for rule, message, hint in _list_upstream_doubts(entry, request, upstream, world):
                findings.warnings.append(document.problem(message, *place, hint=hint, rule=rule))
    verification = entry.contents.get("verification") or {}
    for index, reference in enumerate(verification.get("analysisTemplates") or ()):
        if not world.has(reference["kind"], project, reference["name"]):
            message = f'{reference["kind"]} "{reference["name"]}" does not exist, so verification will fail.'
            hint = suggest(reference["name"], world.list_names(reference["kind"], project), what="Templates")
            template_name: Path = ("spec", "verification", "analysisTemplates", index, "name")
            problem = document.problem(message, *template_name, hint=hint, rule="unknown-analysis-template")
            findings.warnings.append(problem)


def _list_upstream_doubts(
    entry: Entry, request: Mapping[str, Any], upstream: str, world: World
) -> Iterator[tuple[str, str, str]]:
    """(rule, message, hint) for each reason why freight will not come from this upstream stage."""
    project, origin = entry.key.project, request["origin"]["name"]
    if not world.has("Stage", project, upstream):
        others = [name for name in world.list_names("Stage", project) if name != entry.key.name]
        hint = suggest(upstream, others, what="Stages")
        yield "unknown-stage", f'Upstream stage "{upstream}" does not exist.', hint
    if (spec := world.find("Stage", project, upstream)) is None:
        return
    if all(other["origin"]["name"] != origin for other in spec.get("requestedFreight") or ()):
        message = f'Upstream stage "{upstream}" does not request freight of Warehouse "{origin}".'
        yield "unrequested-origin", message, f'Request it in "{upstream}" too, or take it from another stage.'
    if request["sources"].get("requiredSoakTime") and not steps_of(spec):
        message = f'Freight passes through stage "{upstream}" without staying, so it never soaks there.'
        yield "soak-without-stay", message, "Remove requiredSoakTime, or list the stages before it."


def _check_cycles(entries: list[Entry], world: World, findings: Findings) -> None:
    """Report each cycle once, at the stage of the documents that closes it."""
    stages = world.stage_inputs(entries[0].key.project)
    by_name = {entry.key.name: entry for entry in entries if entry.key.kind == "Stage"}
    while cycle := find_cycle(stages):
        given = [name for name in cycle if name in by_name]
        if given:
            entry = by_name[given[0]]
            previous = cycle[cycle.index(given[0]) - 1] if cycle.index(given[0]) else cycle[-2]
            findings.errors.append(_cycle_problem(entry, previous, cycle))
        stages = {name: inputs for name, inputs in stages.items() if name != cycle[0]}


def _cycle_problem(entry: Entry, upstream: str, cycle: tuple[str, ...]) -> Problem:
    path: tuple[str | int, ...] = ("spec", "requestedFreight")
    for index, request in enumerate(entry.contents["requestedFreight"]):
        if upstream in (request["sources"].get("stages") or ()):
            position = request["sources"]["stages"].index(upstream)
            path = (*path, index, "sources", "stages", position)
            break
    message = f"These stages feed each other in a circle: {' -> '.join(cycle)}."
    return entry.document.problem(message, *path, hint="Remove one of these sources.", rule="stage-cycle")


def _check_origin(entry: Entry, world: World, findings: Findings) -> None:
    origin = entry.contents["origin"]["name"]
    if world.has("Warehouse", entry.key.project, origin):
        return
    message = f'Freight comes from Warehouse "{origin}", which does not exist.'
    hint = suggest(origin, world.list_names("Warehouse", entry.key.project), what="Warehouses")
    problem = entry.document.problem(message, "origin", "name", hint=hint, rule="unknown-warehouse")
    (findings.errors if world.is_complete else findings.warnings).append(problem)


def _list_old_filters(entry: Entry) -> Iterator[Problem]:
    """allowTags and ignoreTags are read, but no discovery works with them."""
    for index, subscription in enumerate(entry.contents["subscriptions"]):
        for kind in ("git", "image"):
            for field in ("allowTags", "ignoreTags"):
                if (subscription.get(kind) or {}).get(field):
                    message = f"{field} is no longer supported by Kargo: looking for freight will fail."
                    hint = f"Use {field}Regexes, a list of regular expressions."
                    place = ("spec", "subscriptions", index, kind, field)
                    yield entry.document.problem(message, *place, hint=hint, at_key=True, rule="old-tag-filter")
