"""Which lists of Kubernetes manifests are maps by one of their fields. Pure.

Source: Kubernetes API reference, patch merge keys of the built-in kinds.
"""

from typing import Any

# The fields to try, in this order: a container's port has a containerPort, a service's has a port.
_MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "port"),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
}
_GROUPS = frozenset({"apps", "batch", "autoscaling", "policy", "extensions"})


def is_built_in(document: dict[str, Any]) -> bool:
    """Tell whether this is a manifest of a kind that Kubernetes itself has."""
    version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return False
    group, slash, _ = version.partition("/")
    return not slash or group in _GROUPS or group.endswith(".k8s.io")


def find_merge_key(name: str, old: Any, new: Any) -> str | None:
    """The field by which two lists called `name` merge; None: the new one replaces the old one."""
    if not isinstance(old, list) or not isinstance(new, list):
        return None
    items = [*old, *new]
    for field in _MERGE_KEYS.get(name, ()):
        if all(isinstance(item, dict) and item.get(field) is not None for item in items):
            values = [str(item[field]) for item in old], [str(item[field]) for item in new]
            if all(len(set(some)) == len(some) for some in values):
                return field
    return None
