"""Is a stored preview still what a promotion would do? By our own rows alone: nothing here asks a git host."""

from freight.models import Freight
from promotions.engine import build_collection
from promotions.models import Preview, PreviewPhase, Stage


def find_fresh(stage: Stage, freight: Freight) -> Preview | None:
    """The newest finished preview of this freight in this stage, when it still holds; what a promotion keeps."""
    newest = Preview.objects.filter(
        stage=stage, freight=freight, stage_generation=stage.generation, phase=PreviewPhase.READY
    ).first()
    return newest if newest is not None and not why_outdated(newest) else None


def why_outdated(preview: Preview) -> str:
    """What changed since it was made, in a sentence; empty when it still holds as far as we know."""
    stage, freight = preview.stage, preview.freight
    if stage is None:
        return f'Stage "{preview.stage_name}" was deleted since.'
    if freight is None:
        return f'Freight "{preview.freight_alias}" was deleted since.'
    if stage.generation != preview.stage_generation:
        return f'Stage "{stage.name}" was edited since.'
    now = list_slots(stage, freight)
    for origin in sorted(now.keys() | preview.slots.keys()):
        if now.get(origin) != preview.slots.get(origin):
            return f'The slot "{origin.partition("/")[2]}" of stage "{stage.name}" holds other freight since.'
    return preview.moved


def list_slots(stage: Stage, freight: Freight) -> dict[str, str]:
    """{origin key: name of freight}: what the stage would hold after a promotion of `freight`."""
    return {origin: reference["name"] for origin, reference in build_collection(stage, freight).items()}
