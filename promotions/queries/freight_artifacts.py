"""Artifacts of freight as lines of cards, and as changes from one piece of freight to another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freight.models import Artifact, ArtifactKind
from integrations.errors import IntegrationError
from integrations.gitproviders.inference import commit_url, infer_provider
from promotions.queries.promotion_changes import ArtifactChange

# The words of the artifact component.
ICONS = {
    ArtifactKind.COMMIT: "git",
    ArtifactKind.IMAGE: "image",
    ArtifactKind.CHART: "chart",
    ArtifactKind.OTHER: "generic",
}
# Images and charts say more to people than commits do.
_TELLING = (ArtifactKind.IMAGE, ArtifactKind.CHART, ArtifactKind.OTHER, ArtifactKind.COMMIT)


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """One artifact on a card; `is_changed` against the freight of the same origin before it."""

    kind: str
    repo: str
    version: str
    is_changed: bool = False


def read_artifacts(freight_ids: Iterable[int]) -> dict[int, list[Artifact]]:
    """Artifacts by the primary key of their freight. One query."""
    found: dict[int, list[Artifact]] = {}
    for artifact in Artifact.objects.filter(freight__in=list(freight_ids)):
        found.setdefault(artifact.freight_id, []).append(artifact)
    return found


def main_version(artifacts: Iterable[Artifact]) -> str:
    """The one version that stands for the freight where there is room for one; empty without artifacts."""
    ranked = sorted(artifacts, key=lambda artifact: _TELLING.index(ArtifactKind(artifact.kind)))
    return ranked[0].short_version if ranked else ""


def list_lines(artifacts: Sequence[Artifact], previous: Sequence[Artifact] | None) -> tuple[ArtifactLine, ...]:
    """Changed ones first; without freight before it nothing counts as changed."""
    before = None if previous is None else {key_of(artifact): artifact.short_version for artifact in previous}
    lines = [
        ArtifactLine(
            kind=ICONS[ArtifactKind(artifact.kind)],
            repo=name_of(artifact),
            version=artifact.short_version,
            is_changed=before is not None and before.get(key_of(artifact)) != artifact.short_version,
        )
        for artifact in artifacts
    ]
    return tuple(sorted(lines, key=lambda line: not line.is_changed))


def compare_artifacts(old: Iterable[Artifact], new: Iterable[Artifact]) -> tuple[ArtifactChange, ...]:
    """Every artifact with its version before and after, changed ones first."""
    before = {key_of(artifact): artifact for artifact in old}
    after = {key_of(artifact): artifact for artifact in new}
    changes = [_change(before.get(key), after.get(key)) for key in dict.fromkeys([*after, *before])]
    return tuple(sorted(changes, key=lambda change: change.old == change.new))


def _change(old: Artifact | None, new: Artifact | None) -> ArtifactChange:
    shown = new or old
    if shown is None:
        raise ValueError("a change has at least one side")
    is_commit = new is not None and new.kind == ArtifactKind.COMMIT
    return ArtifactChange(
        kind=ICONS[ArtifactKind(shown.kind)],
        repo=name_of(shown),
        old=old.short_version if old else "",
        new=new.short_version if new else "",
        subject=new.message if new and is_commit else "",
        author=new.author if new and is_commit else "",
        url=commit_link(new) if new and is_commit else "",
    )


def name_of(artifact: Artifact) -> str:
    """Repository, with the chart's name where one repository has several; the type of other artifacts."""
    repo = artifact.repo_url or artifact.artifact_type
    return f"{repo}/{artifact.chart_name}" if artifact.chart_name else repo


def key_of(artifact: Artifact) -> tuple[str, str, str]:
    """What makes artifacts of two pieces of freight the same thing in two versions."""
    return artifact.kind, name_of(artifact), artifact.subscription_name


def commit_link(artifact: Artifact) -> str:
    """The commit's page at its host; empty where no host is known."""
    try:
        return commit_url(infer_provider(artifact.repo_url), artifact.repo_url, artifact.commit_id)
    except IntegrationError:
        return ""


def newest_commit(artifacts: Iterable[Artifact], changed: Iterable[ArtifactLine] = ()) -> Artifact | None:
    """The commit to name on a card: a changed one if there is one."""
    commits = [artifact for artifact in artifacts if artifact.kind == ArtifactKind.COMMIT and artifact.message]
    moved = {line.repo for line in changed if line.is_changed}
    return next((commit for commit in commits if commit.repo_url in moved), commits[0] if commits else None)
