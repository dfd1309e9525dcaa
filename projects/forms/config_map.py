"""Form of a config map: its texts as YAML, so that texts of several lines can be written."""

import io
from collections.abc import Mapping
from typing import Any

from django import forms
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from projects.documents import SourceText, read_documents

_LONGEST = 1024 * 1024


class ConfigMapForm(forms.Form):
    """Name and texts of a config map."""

    name = forms.CharField(
        max_length=253,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Expressions read it as configMap('name').",
    )
    texts = forms.CharField(
        label="Texts",
        required=False,
        strip=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"}),
        help_text="YAML, one key: text each. Put numbers and true or false in quotes.",
    )

    def clean_texts(self) -> dict[str, str]:
        """The texts by key."""
        text = self.cleaned_data["texts"].replace("\r\n", "\n")
        if not text.strip():
            return {}
        documents, problems = read_documents(SourceText("texts", text))
        if problems:
            raise forms.ValidationError([f"Line {p.line}: {p.message}" for p in problems[:5]])
        if len(documents) != 1:
            raise forms.ValidationError("Write one mapping: a key, a colon and a text in each line.")
        found = documents[0].content
        if bad := next((key for key, value in found.items() if not isinstance(value, str)), None):
            line = documents[0].key_places[bad,][0]
            raise forms.ValidationError(f'Line {line}: the value of "{bad}" is not a text. Put it in quotes.')
        return found

    def as_arguments(self) -> dict[str, Any]:
        """Name and data of a valid form, as the domain takes them."""
        return {"name": self.cleaned_data["name"], "data": self.cleaned_data["texts"]}


def write_texts(data: Mapping[str, str]) -> str:
    """The YAML that the form shows for stored texts."""
    if not data:
        return ""
    yaml = YAML(typ="rt")
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump({key: _presentable(value) for key, value in sorted(data.items())}, stream)
    return stream.getvalue()


def _presentable(value: str) -> str:
    is_block = "\n" in value and value.replace("\n", "").replace("\t", "").isprintable()
    return LiteralScalarString(value) if is_block else DoubleQuotedScalarString(value)
