"""The tables of freight, one file an aggregate."""

from freight.models.freight import Artifact, ArtifactKind, Freight
from freight.models.known_image import KnownImage, KnownTag
from freight.models.rule_trial import RuleTrial, TrialPhase
from freight.models.warehouse import Subscription, SubscriptionKind, Warehouse, WarehousePhase
from freight.models.webhook import Delivery, Receiver, SeenDelivery

__all__ = [
    "Artifact",
    "ArtifactKind",
    "Delivery",
    "Freight",
    "KnownImage",
    "KnownTag",
    "Receiver",
    "RuleTrial",
    "SeenDelivery",
    "Subscription",
    "SubscriptionKind",
    "TrialPhase",
    "Warehouse",
    "WarehousePhase",
]
