"""Manifests of stages, tasks and analysis templates: pydantic models of Kargo's kinds. Pure."""

from promotions.manifests.analysis import AnalysisTemplateManifest, ClusterAnalysisTemplateManifest
from promotions.manifests.stages import StageManifest, StageSpec
from promotions.manifests.tasks import ClusterPromotionTaskManifest, PromotionTaskManifest

__all__ = [
    "AnalysisTemplateManifest",
    "ClusterAnalysisTemplateManifest",
    "ClusterPromotionTaskManifest",
    "PromotionTaskManifest",
    "StageManifest",
    "StageSpec",
]
