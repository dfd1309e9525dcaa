"""What expressions may look up outside their promotion: rows for the engine, a file for tools."""

from collections.abc import Mapping
from typing import Any, Protocol


class Lookups(Protocol):
    """Things of one project; None: there is no such thing. Who implements it masks secrets in the log."""

    def secret(self, name: str) -> Mapping[str, str] | None:
        """Texts of a secret of the project."""
        ...

    def shared_secret(self, name: str) -> Mapping[str, str] | None:
        """Texts of a generic secret that all projects share."""
        ...

    def config_map(self, name: str) -> Mapping[str, str] | None:
        """Texts of a config map of the project."""
        ...

    def shared_config_map(self, name: str) -> Mapping[str, str] | None:
        """Texts of a config map that all projects share."""
        ...

    def freight_metadata(self, name: str) -> Mapping[str, Any] | None:
        """What set-metadata wrote on freight, read anew each time."""
        ...

    def freight_status(self, name: str) -> Mapping[str, Any] | None:
        """Kargo's freight status: currentlyIn, verifiedIn, approvedFor, metadata."""
        ...

    def stage_metadata(self, name: str) -> Mapping[str, Any] | None:
        """What set-metadata wrote on a stage, read anew each time."""
        ...
