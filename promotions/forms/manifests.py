"""Manifests as they come from people: pasted, or uploaded as files."""

from typing import Any

from django import forms

from projects.documents import MAX_BYTES


class ManifestsForm(forms.Form):
    """YAML text; uploaded files take the place of what was pasted. `digest` names a preview."""

    text = forms.CharField(
        label="Manifests",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"class": "mono", "rows": 18, "spellcheck": "false", "autocapitalize": "none", "wrap": "off"}
        ),
        help_text="YAML as Kargo has it; several documents are separated by ---.",
    )
    file = forms.FileField(label="Or a file", required=False)
    digest = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Put the one text that counts into `text`, with plain line ends."""
        data = super().clean() or self.cleaned_data
        upload = data.get("file")
        if upload is not None and upload.size > MAX_BYTES:
            raise forms.ValidationError(f"{upload.name} is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
        if upload is not None:
            try:
                data["text"] = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise forms.ValidationError(f"{upload.name} is not UTF-8 text. Choose a YAML file.") from error
        data["text"] = data.get("text", "").replace("\r\n", "\n")
        if not data["text"].strip():
            raise forms.ValidationError("There is nothing to apply. Paste YAML, or choose a file.")
        return data
