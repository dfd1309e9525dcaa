"""Manifests of stages, tasks, analysis templates and message channels: pydantic models of Kargo's kinds. Pure."""

from promotions.manifests.analysis import AnalysisTemplateManifest, ClusterAnalysisTemplateManifest
from promotions.manifests.messages import ClusterMessageChannelManifest, MessageChannelManifest
from promotions.manifests.stages import StageManifest, StageSpec
from promotions.manifests.tasks import ClusterPromotionTaskManifest, PromotionTaskManifest

__all__ = [
    "AnalysisTemplateManifest",
    "ClusterAnalysisTemplateManifest",
    "ClusterMessageChannelManifest",
    "ClusterPromotionTaskManifest",
    "MessageChannelManifest",
    "PromotionTaskManifest",
    "StageManifest",
    "StageSpec",
]
