"""The filter of the audit page; it lives in the URL."""

from collections.abc import Sequence
from typing import Any

from django import forms

from projects.queries.audit import AuditFilter


class AuditFilterForm(forms.Form):
    """Who, what, on which object, when; every field may stay empty."""

    person = forms.ChoiceField(required=False)
    action = forms.ChoiceField(required=False)
    object = forms.CharField(
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Object, for example stage prod"}),
    )
    first_day = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, people: Sequence[str], actions: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, anything, words in (("person", "Anybody", people), ("action", "Any action", actions)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (tells the type checker)
            field.choices = [("", anything), *((word, word) for word in words)]

    def as_filter(self) -> AuditFilter:
        """What was asked for; a field with an error filters nothing."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else getattr(self, "cleaned_data", {})
        return AuditFilter(
            person=data.get("person", ""),
            action=data.get("action", ""),
            target=data.get("object", ""),
            first_day=data.get("first_day"),
            last_day=data.get("last_day"),
        )
