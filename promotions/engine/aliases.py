"""Aliases of freight, for the step that sets them: a rename as a person's, recorded as the promotion's deed."""

from django.db import InterfaceError, OperationalError

from freight.models import Freight
from freight.requests import rename_alias
from projects.actors import controller
from projects.errors import DomainError
from promotions.models import Promotion
from promotions.steps.base import PassBroken


class ProjectAliases:
    """Aliases in the project of one promotion."""

    def __init__(self, promotion: Promotion) -> None:
        self._promotion = promotion

    def rename(self, name: str, alias: str) -> str:
        """Give freight another alias; answers the old one. Raises LookupError (no such freight), ValueError."""
        try:
            freight = Freight.objects.filter(project=self._promotion.project, name=name).first()
            if freight is None:
                raise LookupError(name)
            old = freight.alias
            rename_alias(controller(f"promotion/{self._promotion.name}"), freight, alias)
        except DomainError as error:
            raise ValueError(str(error)) from error
        except (InterfaceError, OperationalError) as error:
            raise PassBroken from error
        return old
