"""Texts to validated manifests, with every problem collected. Pure: no database.

Source: Kargo docs, managing resources as YAML.
Differs: an object given twice is an error; kinds that are not Kargo's are an error, because leaving them out silently
would let people believe they were applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from projects.data_manifests import SHARED_NAMESPACE
from projects.documents import Document, Problem, SourceText, read_documents
from projects.manifest_errors import list_problems, suggest
from projects.manifests import Manifest
from promotions.changesets.kinds import KINDS, Key, Kind

_ELSEWHERE = {
    "Promotion": "A promotion is asked for, not applied: use the Promote button of its stage.",
    "AnalysisRun": "Verifications are started by stages.",
    "ClusterConfig": "Set what it holds in the settings of the installation.",
    "List": "Put each of its items into a document of its own, separated by ---.",
}


@dataclass(slots=True)
class Findings:
    """What was found wrong (errors) or suspicious (warnings)."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    # Objects that are described, but wrongly: nobody has to be told that they are missing as well.
    unreadable: set[Key] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as a document describes it."""

    key: Key
    manifest: Manifest
    document: Document

    @property
    def contents(self) -> dict[str, Any]:
        """Normalised spec."""
        return self.manifest.contents()

    @property
    def project_name(self) -> str:
        """The project it belongs to, or is; empty for what all projects share."""
        return self.key.name if self.key.kind == "Project" else self.key.project

    def title(self) -> str:
        """How messages name it: `Stage "uat"`."""
        return f'{self.key.kind} "{self.key.name}"'


def parse_manifests(
    texts: Sequence[SourceText], findings: Findings, *, only_project: str | None = None
) -> list[Entry]:
    """All valid objects in the order they were given. `only_project` refuses what belongs elsewhere."""
    entries: dict[Key, Entry] = {}
    for text in texts:
        documents, problems = read_documents(text)
        findings.errors.extend(problems)
        for document in documents:
            entry = _read(document, findings, only_project)
            if entry is None:
                continue
            first = entries.setdefault(entry.key, entry)
            if first is not entry:
                place = first.document.problem("", "metadata", "name")
                message = f"{entry.title()} is described twice; the first is at {place.file}:{place.line}."
                problem = document.problem(
                    message, "metadata", "name", hint="Keep one of them.", rule="duplicate-object"
                )
                findings.errors.append(problem)
    return list(entries.values())


def _read(document: Document, findings: Findings, only_project: str | None) -> Entry | None:
    kind = _find_kind(document, findings)
    if kind is None:
        return None
    try:
        manifest = kind.manifest.model_validate(document.content)
    except ValidationError as error:
        findings.errors.extend(list_problems(error, kind.manifest, document))
        findings.unreadable.add(_guess_key(kind, document, only_project))
        return None
    project = _find_project(kind, manifest, document, findings, only_project)
    return None if project is None else Entry(Key(kind.name, project, manifest.metadata.name), manifest, document)


def _guess_key(kind: Kind, document: Document, only_project: str | None) -> Key:
    metadata = document.content.get("metadata")
    given = metadata if isinstance(metadata, dict) else {}
    project = "" if kind.is_cluster_wide else str(given.get("namespace") or only_project or "")
    return Key(kind.name, project, str(given.get("name") or ""))


def _find_kind(document: Document, findings: Findings) -> Kind | None:
    name, version = document.content.get("kind"), document.content.get("apiVersion")
    if not isinstance(name, str) or not isinstance(version, str):
        missing = "kind" if not isinstance(name, str) else "apiVersion"
        hint = "Every document needs apiVersion, kind and metadata.name."
        findings.errors.append(document.problem(f'Field "{missing}" is missing.', missing, hint=hint))
        return None
    kind = KINDS.get(name)
    if kind is None:
        findings.errors.append(_unsupported(document, name, version))
        return None
    if version != kind.api_version:
        message = f'{name} has apiVersion "{version}", but "{kind.api_version}" is expected.'
        hint = f"Write apiVersion: {kind.api_version}."
        findings.errors.append(document.problem(message, "apiVersion", hint=hint))
        return None
    return kind


def _unsupported(document: Document, name: str, version: str) -> Problem:
    if name in _ELSEWHERE and "kubernetes" not in version:
        message = f'Kind "{name}" cannot be applied.'
        return document.problem(message, "kind", hint=_ELSEWHERE[name], rule="unsupported-kind")
    message = f'Kind "{name}" ({version}) is not one of ours, so it cannot be applied.'
    hint = suggest(name, KINDS, what="Supported kinds") + " Leave other files out."
    return document.problem(message, "kind", hint=hint, rule="unsupported-kind")


def _find_project(
    kind: Kind, manifest: Manifest, document: Document, findings: Findings, only_project: str | None
) -> str | None:
    """The project the object belongs to (empty for cluster-wide kinds), or None when it may not be applied."""
    given = manifest.metadata.namespace
    is_shared = kind.may_be_shared and given == SHARED_NAMESPACE
    if kind.is_cluster_wide or is_shared:
        if given and not is_shared:
            message = f"{kind.name} belongs to no project; its namespace is not used."
            findings.warnings.append(document.problem(message, "metadata", "namespace", hint="Remove it."))
        allowed = only_project is None or (kind.name == "Project" and manifest.metadata.name == only_project)
        if not allowed:
            message = f'{kind.name} "{manifest.metadata.name}" lies outside of project "{only_project}".'
            findings.errors.append(document.problem(message, "kind", hint="Only this project can be changed here."))
        return "" if allowed else None
    own = manifest.metadata.name if kind.name == "ProjectConfig" else None
    project = given or only_project or own
    if project is None:
        hint = "Add namespace with the name of the project."
        findings.errors.append(document.problem('Field "namespace" is missing.', "metadata", hint=hint))
        return None
    if only_project is not None and project != only_project:
        message = f'{kind.name} "{manifest.metadata.name}" belongs to project "{project}".'
        hint = f'Only project "{only_project}" can be changed here.'
        findings.errors.append(document.problem(message, "metadata", "namespace", hint=hint))
        return None
    return project
