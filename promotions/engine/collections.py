"""Which freight a stage holds after a promotion: the target in its slot, the other slots as they were.

Source: Kargo code, promotion controller (buildTargetFreightCollection).
Differs: the other slots are those that the stage really holds, not those of its last promotion: one that failed
changes no slot.
"""

from typing import Any

from freight.models import Artifact, ArtifactKind, Freight
from promotions.engine.queue import find_collection_promotion
from promotions.models import Promotion, Stage
from promotions.planning.artifacts import RequestedOrigin
from promotions.references import (
    ChartReference,
    CommitReference,
    FreightReference,
    ImageReference,
    OtherReference,
)

Collection = dict[str, dict[str, Any]]


def reference_of(freight: Freight) -> FreightReference:
    """A copy of what the freight consists of."""
    artifacts = list(freight.artifacts.all())

    def of(kind: ArtifactKind) -> list[Artifact]:
        return [artifact for artifact in artifacts if artifact.kind == kind]

    return FreightReference(
        name=freight.name,
        origin=freight.origin,
        commits=tuple(
            CommitReference(
                a.repo_url,
                a.commit_id,
                a.branch,
                a.tag,
                a.message,
                a.author,
                a.committer,
                a.subscription_name,
            )
            for a in of(ArtifactKind.COMMIT)
        ),
        images=tuple(
            ImageReference(a.repo_url, a.tag, a.digest, a.annotations, a.subscription_name)
            for a in of(ArtifactKind.IMAGE)
        ),
        charts=tuple(
            ChartReference(a.repo_url, a.chart_name, a.version, a.subscription_name) for a in of(ArtifactKind.CHART)
        ),
        artifacts=tuple(
            OtherReference(a.artifact_type, a.subscription_name, a.version, a.metadata)
            for a in of(ArtifactKind.OTHER)
        ),
    )


def build_collection(stage: Stage, freight: Freight) -> Collection:
    """{origin key: freight reference} that the stage will hold when `freight` has been promoted."""
    collection: Collection = {}
    held = find_collection_promotion(stage)
    if len(stage.origins) > 1 and held is not None:
        collection = {origin: held.collection[origin] for origin in stage.origins if origin in held.collection}
    collection[freight.origin] = reference_of(freight).to_json()
    return dict(sorted(collection.items()))


def list_references(promotion: Promotion) -> tuple[FreightReference, ...]:
    """What the promotion brings together, sorted by origin key: PostgreSQL keeps no order of keys."""
    return tuple(FreightReference.from_json(item) for _, item in sorted(promotion.collection.items()))


def list_requested_origins(stage: Stage) -> tuple[RequestedOrigin, ...]:
    """What the warehouses that the stage requests may offer, in the order of the manifest."""
    names = [request["origin"]["name"] for request in stage.requested_freight]
    specs = dict(stage.project.warehouses.filter(name__in=names).values_list("name", "spec"))
    return tuple(RequestedOrigin.from_spec(name, specs.get(name)) for name in names)
