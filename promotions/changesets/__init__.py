"""Change sets: manifests checked, compared with what is stored, shown, applied and exported. The public door.

`lint_texts` works without Django; so the names that need the database are loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from projects.documents import Problem, SourceText
from promotions.changesets.kinds import KINDS, Key
from promotions.changesets.linting import LintReport, lint_texts

if TYPE_CHECKING:
    from promotions.changesets.applying import apply_changes
    from promotions.changesets.change_set import (
        Change,
        ChangeAction,
        ChangeSet,
        RequiredRight,
        required_rights,
    )
    from promotions.changesets.errors import ChangesRefused
    from promotions.changesets.exporting import export_project
    from promotions.changesets.planning import plan_changes
    from promotions.changesets.rendering import render_object, render_yaml

__all__ = [
    "KINDS",
    "Change",
    "ChangeAction",
    "ChangeSet",
    "ChangesRefused",
    "Key",
    "LintReport",
    "Problem",
    "RequiredRight",
    "SourceText",
    "apply_changes",
    "export_project",
    "lint_texts",
    "plan_changes",
    "render_object",
    "render_yaml",
    "required_rights",
]

_ROOMS = {
    "Change": "change_set",
    "ChangeAction": "change_set",
    "ChangeSet": "change_set",
    "ChangesRefused": "errors",
    "RequiredRight": "change_set",
    "apply_changes": "applying",
    "export_project": "exporting",
    "plan_changes": "planning",
    "render_object": "rendering",
    "render_yaml": "rendering",
    "required_rights": "change_set",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
