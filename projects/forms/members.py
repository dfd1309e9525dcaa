"""Forms of a project's members. Which stages exist is told by the caller: this app does not know."""

from collections.abc import Sequence
from typing import Any

from django import forms

from projects.members import LIMITABLE, Roles
from projects.models import Role

# Everybody in a project may see it, so the role Viewer needs no box.
_GIVEN = (Role.PROMOTER, Role.APPROVER, Role.MAINTAINER, Role.OWNER)


class RolesForm(forms.Form):
    """Roles of one member; no role makes a viewer."""

    roles = forms.MultipleChoiceField(
        choices=[(role.value, role.label) for role in _GIVEN],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Without a role a person may see everything but secret values.",
    )
    promoter_stages = forms.MultipleChoiceField(
        label="Promoter only for", widget=forms.CheckboxSelectMultiple, required=False
    )
    approver_stages = forms.MultipleChoiceField(
        label="Approver only for", widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, stages: Sequence[str], held: Roles | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = held or {}
        self.fields["roles"].initial = [str(role) for role in held]
        for role in sorted(LIMITABLE):
            limits = list(held.get(role, ()))
            # A limit to a stage that was deleted stays visible, so that an owner can take it away.
            choices = [*stages, *(name for name in limits if name not in stages)]
            field = self.fields[f"{role}_stages"]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 (tells the type checker)
            field.choices = [(name, name) for name in choices]
            field.initial = limits

    def chosen_roles(self) -> Roles:
        """The roles of a valid form, as the domain takes them."""
        data = self.cleaned_data
        limits = {role: data[f"{role}_stages"] for role in LIMITABLE}
        return {Role(value): limits.get(Role(value), []) for value in data["roles"]}

    def clean(self) -> dict[str, Any]:
        """A limit without its role would be forgotten silently."""
        data = super().clean() or self.cleaned_data
        for role in sorted(LIMITABLE):
            if data.get(f"{role}_stages") and role not in data.get("roles", ()):
                self.add_error(f"{role}_stages", f"Tick the role {role.label}, or untick these stages.")
        return data


class AddMemberForm(RolesForm):
    """A person to let in."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username",)
