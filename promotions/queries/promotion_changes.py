"""What a promotion changes in its stage: each artifact's version before and after, and the commits that come."""

from collections.abc import Iterable
from dataclasses import dataclass

from freight.models import Artifact, ArtifactKind
from integrations.errors import IntegrationError
from integrations.gitproviders.inference import commit_url, infer_provider
from promotions.models import Promotion
from promotions.phases import Phase
from promotions.references import FreightReference

# The words of the artifact component.
_ICONS = {"commits": "git", "images": "image", "charts": "chart", "artifacts": "generic"}
_KINDS = {
    ArtifactKind.COMMIT: "commits",
    ArtifactKind.IMAGE: "images",
    ArtifactKind.CHART: "charts",
    ArtifactKind.OTHER: "artifacts",
}


@dataclass(frozen=True, slots=True)
class ArtifactChange:
    """One artifact. `old` is empty when the stage had none; `new` is empty when the freight brings none."""

    kind: str
    repo: str
    old: str
    new: str
    # Of a commit that comes.
    subject: str = ""
    author: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class PromotionChanges:
    """From what the stage held of this origin to the freight of the promotion, changed ones first."""

    changes: tuple[ArtifactChange, ...]
    old_alias: str
    # The freight was deleted and the promotion never got so far as to note what it consists of.
    is_unknown: bool = False

    @property
    def commits(self) -> tuple[ArtifactChange, ...]:
        """Changed artifacts that bring a commit message."""
        return tuple(change for change in self.changes if change.subject and change.old != change.new)


def read_changes(promotion: Promotion) -> PromotionChanges:
    """Compare with the newest promotion of the stage that succeeded before this one."""
    before = Promotion.objects.filter(
        project_id=promotion.project_id,
        stage_name=promotion.stage_name,
        phase=Phase.SUCCEEDED,
        number__lt=promotion.number,
    )
    previous = next(
        (
            (row.collection[promotion.origin], row.freight_alias if row.origin == promotion.origin else "")
            for row in before.order_by("-number").only("collection", "origin", "freight_alias")[:1]
            if promotion.origin in row.collection
        ),
        None,
    )
    old = _versions_of_reference(FreightReference.from_json(previous[0])) if previous else {}
    new, commits = _target(promotion)
    if new is None:
        return PromotionChanges((), "", is_unknown=True)
    changes = [
        _change(key, old.get(key, ""), new.get(key, ""), commits.get(key)) for key in dict.fromkeys([*new, *old])
    ]
    changes.sort(key=lambda change: change.old == change.new)
    return PromotionChanges(tuple(changes), previous[1] if previous else "")


# Group of Kargo's freight reference, repository or name, subscription.
_Key = tuple[str, str, str]


def _target(promotion: Promotion) -> tuple[dict[_Key, str] | None, dict[_Key, Artifact]]:
    """Versions of the freight, and the commits that the database knows more of."""
    if promotion.freight is not None:
        artifacts: Iterable[Artifact] = promotion.freight.artifacts.all()
        keyed = {_key_of(artifact): artifact for artifact in artifacts}
        return {key: artifact.short_version for key, artifact in keyed.items()}, keyed
    stored = promotion.collection.get(promotion.origin)
    if stored is not None and stored["name"] == promotion.freight_name:
        return _versions_of_reference(FreightReference.from_json(stored)), {}
    return None, {}


def _key_of(artifact: Artifact) -> _Key:
    group = _KINDS[ArtifactKind(artifact.kind)]
    name = artifact.repo_url if group != "artifacts" else artifact.artifact_type
    if artifact.chart_name:
        name = f"{name}/{artifact.chart_name}"
    return group, name, artifact.subscription_name


def _versions_of_reference(reference: FreightReference) -> dict[_Key, str]:
    found: dict[_Key, str] = {}
    for commit in reference.commits:
        found["commits", commit.repo_url, commit.subscription_name] = commit.tag or commit.id[:7]
    for image in reference.images:
        version = image.tag or image.digest.removeprefix("sha256:")[:12]
        found["images", image.repo_url, image.subscription_name] = version
    for chart in reference.charts:
        name = f"{chart.repo_url}/{chart.name}" if chart.name else chart.repo_url
        found["charts", name, chart.subscription_name] = chart.version
    for other in reference.artifacts:
        found["artifacts", other.artifact_type, other.subscription_name] = other.version
    return found


def _change(key: _Key, old: str, new: str, artifact: Artifact | None) -> ArtifactChange:
    group, repo, _ = key
    if artifact is None or artifact.kind != ArtifactKind.COMMIT:
        return ArtifactChange(_ICONS[group], repo, old, new)
    return ArtifactChange(_ICONS[group], repo, old, new, artifact.message, artifact.author, _commit_link(artifact))


def _commit_link(artifact: Artifact) -> str:
    """The commit's page at its host; empty where no host is known."""
    try:
        return commit_url(infer_provider(artifact.repo_url), artifact.repo_url, artifact.commit_id)
    except IntegrationError:
        return ""
