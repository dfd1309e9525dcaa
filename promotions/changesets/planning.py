"""Planning: documents against what is stored, to a change set that can be shown and applied. Writes nothing."""

from collections.abc import Sequence

from projects.documents import SourceText
from promotions.changesets.change_set import Change, ChangeAction, ChangeSet, Stored
from promotions.changesets.checks.world import World
from promotions.changesets.freight_documents import check_freight, with_computed_names
from promotions.changesets.kinds import Key
from promotions.changesets.linting import check_entries, in_order
from promotions.changesets.parsing import Entry, Findings, parse_manifests
from promotions.changesets.rendering import diff_objects, render_object
from promotions.changesets.secrets import diff_secret
from promotions.changesets.stored import load_freight, load_secrets, load_stored


def plan_changes(texts: Sequence[SourceText], *, scope: str | None = None) -> ChangeSet:
    """What applying these texts would do. `scope` is the name of the only project that may be touched.

    Never raises for what is in the texts: problems are in `errors` (nothing can be applied) and `warnings`.
    """
    findings = Findings()
    entries = with_computed_names(parse_manifests(texts, findings, only_project=scope), findings)
    stored = load_for(entries)
    visible = {key: value for key, value in stored.items() if scope is None or _is_visible(key, scope)}
    contents = {key: value.contents for key, value in visible.items() if key.kind != "Freight"}
    described = {entry.key: entry.contents for entry in entries}
    world = World({**contents, **described}, is_complete=True, unreadable=findings.unreadable)
    check_entries(entries, world, findings)
    check_freight(entries, world, stored, findings)
    return ChangeSet(
        changes=tuple(_compare(entry, stored.get(entry.key)) for entry in entries),
        errors=in_order(findings.errors),
        warnings=in_order(findings.warnings),
    )


def load_for(entries: Sequence[Entry]) -> dict[Key, Stored]:
    """Everything stored that these objects are compared with or refer to."""
    projects = {entry.project_name for entry in entries if entry.project_name}
    stored = load_stored(projects)
    for project in projects:
        names = [entry.key.name for entry in entries if entry.key.kind == "Freight" and entry.key.project == project]
        if names:
            stored.update(load_freight(project, names))
    if secrets := [entry.key.name for entry in entries if entry.key.kind == "Secret"]:
        stored.update(load_secrets(projects, secrets))
    return stored


def _is_visible(key: Key, scope: str) -> bool:
    """Other projects are not for the eyes of somebody who may change this one only."""
    return key.project == scope or (key.kind == "Project" and key.name == scope) or key.kind.startswith("Cluster")


def _compare(entry: Entry, before: Stored | None) -> Change:
    metadata = entry.manifest.metadata
    if entry.key.kind == "Secret":
        action = ChangeAction.CREATED if before is None else ChangeAction.UPDATED
        is_same = before is not None and same(entry, before)
        return Change(ChangeAction.UNCHANGED if is_same else action, entry, before, diff_secret(entry, before))
    if before is None:
        diff = diff_objects("", _render(entry))
        return Change(ChangeAction.CREATED, entry, None, diff)
    if same(entry, before):
        return Change(ChangeAction.UNCHANGED, entry, before, "")
    contents = before.contents
    if entry.key.kind == "Freight":
        contents = {**entry.contents, **before.contents}
    old = render_object(entry.key, contents, labels=before.labels, annotations=before.annotations)
    new = render_object(entry.key, entry.contents, labels=metadata.labels, annotations=metadata.annotations)
    return Change(ChangeAction.UPDATED, entry, before, diff_objects(old, new))


def _render(entry: Entry) -> str:
    metadata = entry.manifest.metadata
    return render_object(entry.key, entry.contents, labels=metadata.labels, annotations=metadata.annotations)


def same(entry: Entry, before: Stored) -> bool:
    """True when the document says what is stored, whatever its formatting."""
    metadata = entry.manifest.metadata
    contents = entry.contents
    if entry.key.kind == "Freight":
        # The artifacts are its name; without an alias the document accepts the one it has.
        contents = {"alias": contents.get("alias", before.contents["alias"])}
    return (contents, metadata.labels, metadata.annotations) == (before.contents, before.labels, before.annotations)
