"""The question "why can somebody do something?"; it lives in the URL."""

from collections.abc import Sequence
from typing import Any

from django import forms

from projects.access import Action
from projects.queries.permission_answer import STAGE_ACTIONS


class PermissionQuestionForm(forms.Form):
    """A person of the project, an act, and for acts on a stage the stage."""

    person = forms.ChoiceField()
    action = forms.ChoiceField(label="May", choices=[(action.name, action.value) for action in Action])
    stage = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, people: Sequence[str], stages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("person", [(username, username) for username in people]),
            ("stage", [("", "no stage"), *((stage, stage) for stage in stages)]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (tells the type checker)
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """An act on a stage has no answer without one."""
        data = super().clean() or self.cleaned_data
        action = data.get("action")
        if action and Action[action] in STAGE_ACTIONS and not data.get("stage"):
            self.add_error("stage", "Choose the stage: roles can be limited to stages.")
        return data
