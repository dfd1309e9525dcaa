"""The tables of freight, one file an aggregate."""

from freight.models.freight import Artifact, ArtifactKind, Freight
from freight.models.warehouse import Subscription, SubscriptionKind, Warehouse, WarehousePhase

__all__ = [
    "Artifact",
    "ArtifactKind",
    "Freight",
    "Subscription",
    "SubscriptionKind",
    "Warehouse",
    "WarehousePhase",
]
