"""What a person tries in the playground: a text, and which stage, freight and step it is tried with."""

from django import forms

MAX_BYTES = 64 * 1024
TEMPLATE, STEP = "template", "step"


class PlaygroundForm(forms.Form):
    """`stage`, `freight` and `step` are names that may not exist (any more): the page then takes the nearest."""

    text = forms.CharField(
        label="Template",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"class": "mono", "rows": 12, "spellcheck": "false", "autocapitalize": "none", "autocorrect": "off"}
        ),
    )
    kind = forms.ChoiceField(
        label="Read it as",
        required=False,
        choices=[(TEMPLATE, "Expression or template"), (STEP, "Step or config (YAML)")],
        widget=forms.RadioSelect,
    )
    stage = forms.CharField(required=False, max_length=253)
    freight = forms.CharField(required=False, max_length=100)
    step = forms.CharField(required=False, max_length=300)
    # The choice that the lists on the page were made for.
    listed = forms.CharField(required=False, max_length=700, widget=forms.HiddenInput)

    def clean_text(self) -> str:
        """Plain line ends; refuse what is too large to evaluate while somebody types."""
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            raise forms.ValidationError(f"This is larger than {MAX_BYTES // 1024} KiB. Try a part of it.")
        return text

    def clean_kind(self) -> str:
        """An expression, unless it says otherwise."""
        return self.cleaned_data["kind"] or TEMPLATE
