"""Texts of several Kubernetes manifests: cut them apart, tell what each is, name a file for it. Pure.

Source: Kargo code, `kustomize_builder.go` and `helm_template_runner.go` (the names), `resource_filename.go`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from promotions.files.errors import DocumentError
from promotions.files.yaml import read_yaml

_SEPARATOR = re.compile(r"(?m)^---[ \t]*\r?$\n?")
# The keys that name a manifest, each with the indented lines that belong to it.
_NAMING = re.compile(r"(?m)^(?:apiVersion|kind|metadata):.*\n?(?:(?:[ \t-].*|#.*|[ \t]*)\n)*(?:[ \t]+\S.*\Z)?")

# Kinds that live outside namespaces; a manifest of any other kind without a namespace goes to "default".
_CLUSTER_SCOPED_KINDS = """
APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding
ClusterTrustBundle ComponentStatus CustomResourceDefinition DeviceClass FlowSchema IPAddress
IngressClass MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
Namespace Node PersistentVolume PodSecurityPolicy PriorityClass PriorityLevelConfiguration
ResourceSlice RuntimeClass SelfSubjectAccessReview SelfSubjectReview SelfSubjectRulesReview
ServiceCIDR StorageClass StorageVersion StorageVersionMigration SubjectAccessReview TokenReview
ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
VolumeAttachment VolumeAttributesClass
"""
_CLUSTER_SCOPED = frozenset(_CLUSTER_SCOPED_KINDS.split())


@dataclass(frozen=True, slots=True)
class Identity:
    """What a manifest is; empty texts for what it does not say. `hooks` is Helm's annotation."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    hooks: str = ""

    @property
    def is_cluster_scoped(self) -> bool:
        return self.kind in _CLUSTER_SCOPED


def split_documents(text: str) -> list[str]:
    """The documents between `---` lines, without those that are blank."""
    return [part for part in _SEPARATOR.split(text) if part.strip()]


def read_documents(data: bytes) -> list[Any]:
    """All documents as JSON values. Raises DocumentError."""
    return [read_yaml(part.encode()) for part in split_documents(data.decode(errors="replace"))]


def identify(text: str) -> Identity:
    """What a manifest is; an empty identity when it cannot be read."""
    # Manifests may be megabytes of settings; the few lines that name them are enough, most often.
    excerpt = "".join(match.group() for match in _NAMING.finditer(text))
    for part in (excerpt, text):
        try:
            found = _read_identity(read_yaml(part.encode()))
        except DocumentError:
            continue
        if found.kind and found.name:
            return found
    return Identity()


def name_kargo_file(identity: Identity) -> str:
    """`[<namespace>-]<kind>-<name>.yaml`."""
    return _join("-", identity.namespace, identity.kind, identity.name)


def name_kustomize_file(identity: Identity, *, with_namespace: bool) -> str:
    """`[<namespace>_]<group>_<version>_<kind>_<name>.yaml`, as `kustomize build -o` names it."""
    namespace = identity.namespace if with_namespace and not identity.is_cluster_scoped else ""
    return _join("_", namespace, identity.group, identity.version, identity.kind, identity.name)


def name_flat_file(identity: Identity) -> str:
    """`[<group>-]<kind>[-<namespace>]-<name>.yaml`, dots of the group as `_`."""
    return _join("-", identity.group.replace(".", "_"), identity.kind, identity.namespace, identity.name)


def has_several_namespaces(identities: Sequence[Identity]) -> bool:
    """Tell whether the manifests that have a namespace have more than one; none means "default"."""
    return len({each.namespace or "default" for each in identities if not each.is_cluster_scoped}) > 1


def check_file_name(name: str) -> None:
    """Raise DocumentError unless a name made of a manifest is that of a file, and nothing else."""
    if not name or name in (".", "..") or re.search(r"[/\\\x00]", name):
        raise DocumentError(f'a manifest would be written to "{name}", which is no plain file name')


def _join(mark: str, *parts: str) -> str:
    return mark.join(part for part in parts if part).lower() + ".yaml"


def _read_identity(document: Any) -> Identity:
    if not isinstance(document, dict):
        return Identity()
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    annotations = metadata.get("annotations")
    group, _, version = _text(document.get("apiVersion")).rpartition("/")
    return Identity(
        group=group,
        version=version,
        kind=_text(document.get("kind")),
        namespace=_text(metadata.get("namespace")),
        name=_text(metadata.get("name")),
        hooks=_text(annotations.get("helm.sh/hook")) if isinstance(annotations, dict) else "",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
