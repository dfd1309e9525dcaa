"""The order of locks: the project first. Who changes several of its rows holds it, so nobody waits in a ring."""

from collections.abc import Iterable

from projects.models import Project


def lock_projects(ids: Iterable[int]) -> None:
    """Hold these projects until the transaction ends; rows that only refer to them can still be added by others."""
    rows = Project.objects.select_for_update(no_key=True).filter(pk__in=set(ids))
    list(rows.order_by("pk").values_list("pk", flat=True))
