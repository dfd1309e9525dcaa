"""Freight given as documents: its computed name, and what the warehouse and the project say to it.

Source: Kargo code, Freight webhook. Differs: a name that is not the computed one is replaced with a warning;
`discoveredAt` is the time kargoweb first saw the freight, whatever the document says.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from freight.assembly import check_artifacts, freight_name
from freight.errors import ArtifactsDoNotFit
from freight.models import ArtifactKind, Freight, Warehouse
from freight.subscriptions.base import ArtifactDraft
from promotions.changesets.checks.world import World
from promotions.changesets.kinds import Key
from promotions.changesets.parsing import Entry, Findings

# {list in the manifest: (kind of artifact, {field in the manifest: field of the draft})}
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "commits": (
        ArtifactKind.COMMIT,
        {
            "id": "commit_id",
            "branch": "branch",
            "tag": "tag",
            "message": "message",
            "author": "author",
            "committer": "committer",
        },
    ),
    "images": (ArtifactKind.IMAGE, {"tag": "tag", "digest": "digest", "annotations": "annotations"}),
    "charts": (ArtifactKind.CHART, {"name": "chart_name", "version": "version"}),
    "artifacts": (
        ArtifactKind.OTHER,
        {"artifactType": "artifact_type", "version": "version", "metadata": "metadata"},
    ),
}
_EVERYWHERE = {"repoURL": "repo_url", "subscriptionName": "subscription_name"}


def drafts_of(contents: Mapping[str, Any]) -> list[ArtifactDraft]:
    """The artifacts of a Freight document."""
    return [
        ArtifactDraft(
            kind=kind,
            **{ours: item[theirs] for theirs, ours in {**_EVERYWHERE, **fields}.items() if theirs in item},
        )
        for field, (kind, fields) in _LISTS.items()
        for item in contents.get(field) or ()
    ]


def with_computed_names(entries: Iterable[Entry], findings: Findings) -> list[Entry]:
    """The entries, freight under the name that its artifacts give it."""
    renamed: dict[Key, Entry] = {}
    for entry in entries:
        if entry.key.kind == "Freight":
            contents = entry.contents
            name = freight_name(contents["origin"]["name"], drafts_of(contents))
            if name != entry.key.name:
                message = f'The name of freight is computed from what it holds: it will be "{name}".'
                findings.warnings.append(
                    entry.document.problem(message, "metadata", "name", hint=f"Write name: {name}.")
                )
                entry = Entry(entry.key._replace(name=name), entry.manifest, entry.document)
        if renamed.setdefault(entry.key, entry) is not entry:
            message = "This freight holds the same as another one in these documents."
            findings.errors.append(entry.document.problem(message, "metadata", "name", hint="Keep one of them."))
    return list(renamed.values())


def check_freight(entries: Iterable[Entry], world: World, known: Iterable[Key], findings: Findings) -> None:
    """New freight fits its warehouse; aliases are free."""
    old = frozenset(known)
    for entry in entries:
        if entry.key.kind != "Freight":
            continue
        contents = entry.contents
        spec = world.find("Warehouse", entry.key.project, contents["origin"]["name"])
        if spec is not None and entry.key not in old:
            _check_artifacts(entry, contents, spec, findings)
        alias = contents.get("alias")
        taken = Freight.objects.filter(project__name=entry.key.project, alias=alias).exclude(name=entry.key.name)
        if alias and taken.exists():
            message = f'The alias "{alias}" is taken in project "{entry.key.project}".'
            findings.errors.append(entry.document.problem(message, "alias", hint="Choose another one."))


def _check_artifacts(entry: Entry, contents: Mapping[str, Any], spec: Mapping[str, Any], findings: Findings) -> None:
    warehouse = Warehouse(name=contents["origin"]["name"], spec=dict(spec))
    try:
        check_artifacts(warehouse, drafts_of(contents))
    except ArtifactsDoNotFit as refusal:
        findings.errors.append(entry.document.problem(refusal.message, "origin"))
