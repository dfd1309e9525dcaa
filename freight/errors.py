"""Refusals of freight and warehouses.

DomainError
    ArtifactsDoNotFit   artifacts and subscriptions of the warehouse do not match one to one
    FreightInUse        freight that a stage holds or held cannot be deleted
"""

from projects.errors import DomainError


class ArtifactsDoNotFit(DomainError):
    """The artifacts are not one of each subscription; the message lists all that is wrong."""

    status = 422


class FreightInUse(DomainError):
    """A stage holds the freight, or its history does."""
