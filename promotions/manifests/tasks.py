"""Manifests of PromotionTask and ClusterPromotionTask.

Source: Kargo CRDs PromotionTask, ClusterPromotionTask.
"""

from pydantic import Field

from projects.manifests import Manifest, ManifestPart, Variable
from promotions.manifests.steps import TaskSteps


class TaskSpec(ManifestPart):
    """Steps with variables; a variable without a value must be given by the stage."""

    vars: list[Variable] = Field(default_factory=list)
    steps: TaskSteps


class PromotionTaskManifest(Manifest):
    """Kind PromotionTask, of one project."""

    spec: TaskSpec


class ClusterPromotionTaskManifest(Manifest):
    """Kind ClusterPromotionTask, shared by all projects."""

    spec: TaskSpec
