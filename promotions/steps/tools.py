"""What steps may know of the programs on this worker and of the limits its operator set."""

from dataclasses import dataclass

DEFAULT_PUSH_LIMIT = 1024**3


@dataclass(frozen=True, slots=True)
class Tools:
    """Settings of this installation. Empty `kustomize` and `helm`: what PATH has.

    `allow_remote_bases` lets kustomize fetch. `oci_push_max_bytes` holds for copies between repositories: 0 forbids
    them, -1 is no limit.
    """

    kustomize: str = ""
    helm: str = ""
    allow_remote_bases: bool = False
    oci_push_max_bytes: int = DEFAULT_PUSH_LIMIT
