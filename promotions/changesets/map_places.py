"""Keeps the places of stages on the map in step with what the stages request."""

from projects.models import Project
from promotions.changesets.checks.world import inputs_of
from promotions.graph import layout
from promotions.models import Stage

_COLUMNS = ("column", "row", "depth")


def place_stages(project: Project) -> None:
    """Compute column, row and depth of all stages of the project; write those that move."""
    stages = {stage.name: stage for stage in project.stages.only("name", "spec", *_COLUMNS)}
    warehouses = list(project.warehouses.values_list("name", flat=True))
    places = layout(warehouses, {name: inputs_of(stage.spec) for name, stage in stages.items()}).stages
    moved = []
    for name, stage in stages.items():
        place = places[name]
        if (stage.column, stage.row, stage.depth) != (place.column, place.row, place.depth):
            stage.column, stage.row, stage.depth = place.column, place.row, place.depth
            moved.append(stage)
    Stage.objects.bulk_update(moved, _COLUMNS)
