"""The kinds of objects that manifests may describe, in the order they are applied. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from freight.manifests import FreightManifest, WarehouseManifest
from projects.cluster_manifests import ClusterConfigManifest
from projects.data_manifests import ConfigMapManifest, SecretManifest
from projects.manifests import KARGO_API, Manifest, ProjectConfigManifest, ProjectManifest
from promotions.manifests import (
    AnalysisTemplateManifest,
    ClusterAnalysisTemplateManifest,
    ClusterMessageChannelManifest,
    ClusterPromotionTaskManifest,
    MessageChannelManifest,
    PromotionTaskManifest,
    StageManifest,
)

ROLLOUTS_API = "argoproj.io/v1alpha1"
# Kinds of Kargo's commercial edition.
EE_API = "ee.kargo.akuity.io/v1alpha1"
CORE_API = "v1"


class Key(NamedTuple):
    """Names one object; `project` is empty for projects and for what all projects share."""

    kind: str
    project: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind.lower(), self.project, self.name) if part)


@dataclass(frozen=True, slots=True)
class Kind:
    """How the manifests of one kind are read."""

    name: str
    api_version: str
    manifest: type[Manifest]
    # True for projects themselves and for what all projects share.
    is_cluster_wide: bool = False
    # Of a project, or of all when its namespace is the one of shared resources; its key has no project then.
    may_be_shared: bool = False


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("ClusterConfig", KARGO_API, ClusterConfigManifest, is_cluster_wide=True),
        Kind("Project", KARGO_API, ProjectManifest, is_cluster_wide=True),
        Kind("ProjectConfig", KARGO_API, ProjectConfigManifest),
        Kind("ConfigMap", CORE_API, ConfigMapManifest, may_be_shared=True),
        Kind("Secret", CORE_API, SecretManifest, may_be_shared=True),
        Kind("ClusterPromotionTask", KARGO_API, ClusterPromotionTaskManifest, is_cluster_wide=True),
        Kind("ClusterAnalysisTemplate", ROLLOUTS_API, ClusterAnalysisTemplateManifest, is_cluster_wide=True),
        Kind("ClusterMessageChannel", EE_API, ClusterMessageChannelManifest, is_cluster_wide=True),
        Kind("MessageChannel", EE_API, MessageChannelManifest),
        Kind("PromotionTask", KARGO_API, PromotionTaskManifest),
        Kind("AnalysisTemplate", ROLLOUTS_API, AnalysisTemplateManifest),
        Kind("Warehouse", KARGO_API, WarehouseManifest),
        Kind("Stage", KARGO_API, StageManifest),
        Kind("Freight", KARGO_API, FreightManifest),
    )
}
ORDER = {name: position for position, name in enumerate(KINDS)}


def order_of(key: Key) -> tuple[str, int, str]:
    """Sorts keys: what is shared first, then project by project, each kind after what it needs."""
    return (key.name if key.kind == "Project" else key.project, ORDER[key.kind], key.name)
