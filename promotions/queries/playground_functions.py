"""Every function that an expression of a promotion may call, in groups: signature and one line."""

from dataclasses import dataclass
from functools import cache

from expressions import list_functions

_OWN = {
    "Freight": {
        "imageFrom(repoURL[, warehouse])": "The image: Tag, Digest, Annotations, RepoURL; nil if there is none.",
        "commitFrom(repoURL[, warehouse])": "The commit: ID, Branch, Tag, Message, Author; nil if there is none.",
        "chartFrom(repoURL[, name][, warehouse])": "The chart: Name, Version, RepoURL; nil if there is none.",
        "artifactFrom(subscription[, warehouse])": "Any other artifact: Version, Metadata; nil if there is none.",
        "warehouse(name)": "An origin, for when several warehouses offer the same.",
        "freightMetadata(freight)": "What set-metadata wrote on freight, or nil.",
        "freightStatus(freight)": "Where freight is, was verified and approved, or nil.",
    },
    "Project": {
        "configMap(name)": "Texts of a config map of the project.",
        "sharedConfigMap(name)": "Texts of a config map of all projects.",
        "secret(name)": "Texts of a secret of the project; only masks here.",
        "sharedSecret(name)": "Texts of a generic secret of all projects; only masks here.",
        "stageMetadata(stage)": "What set-metadata wrote on a stage, or nil.",
    },
    "Steps before": {
        "always()": "True: run the step whatever happened.",
        "failure()": "True if a step failed that may not.",
        "status(alias)": "How a step ended: Succeeded, Skipped, Failed, ...; empty if not reached.",
        "success()": "True if no step failed that may not.",
    },
}


@dataclass(frozen=True, slots=True)
class FunctionLine:
    """One function as people read it."""

    name: str
    signature: str
    summary: str


@dataclass(frozen=True, slots=True)
class FunctionGroup:
    """Functions that belong together."""

    title: str
    functions: tuple[FunctionLine, ...]


@cache
def list_groups() -> tuple[FunctionGroup, ...]:
    """Kargo's functions by what they are about, then those of templates, then the language's own by name."""
    groups = [FunctionGroup(title, tuple(map(_line, lines.items()))) for title, lines in _OWN.items()]
    lines = [
        (entry.is_for_templates, FunctionLine(entry.name, entry.signature, entry.summary))
        for entry in list_functions()
    ]
    groups.append(FunctionGroup("Only in ${{ }}", tuple(line for is_own, line in lines if is_own)))
    groups.append(FunctionGroup("Language", tuple(line for is_own, line in lines if not is_own)))
    return tuple(groups)


def _line(item: tuple[str, str]) -> FunctionLine:
    return FunctionLine(item[0].partition("(")[0], *item)
