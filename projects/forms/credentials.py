"""Form of a credential: secret values go in and never come out again."""

from typing import Any

from django import forms

from projects.credentials import PASSWORD, SSH_PRIVATE_KEY
from projects.models import CredentialKind


class SecretTextarea(forms.Textarea):
    """A text area that never shows what was typed before."""

    def format_value(self, value: Any) -> str:
        """Nothing, whatever the value is."""
        return ""


class CredentialForm(forms.Form):
    """What a credential opens, and its secret; empty secrets keep the stored ones."""

    name = forms.CharField(
        max_length=253,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="For example github-bot. Expressions read it as secret('github-bot').",
    )
    kind = forms.ChoiceField(choices=CredentialKind.choices, label="Opens")
    repo_url = forms.CharField(
        label="Repository URL",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text="Without it only a generic secret makes sense.",
    )
    repo_url_is_regex = forms.BooleanField(
        label="The URL is a regular expression",
        required=False,
        help_text="RE2 syntax; it must match from the start of the URL.",
    )
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text="Without it the password is sent as a bearer token.",
    )
    password = forms.CharField(
        label="Password or token",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    ssh_private_key = forms.CharField(
        label="SSH private key",
        required=False,
        strip=False,
        widget=SecretTextarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text="Only for Git.",
    )
    values = forms.CharField(
        label="Values of a generic secret",
        required=False,
        widget=SecretTextarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text="One key=value a line. They replace all values stored before.",
    )

    def clean_values(self) -> dict[str, str]:
        """`key=value` lines as a mapping."""
        pairs: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["values"].splitlines(), start=1):
            key, equals, value = line.partition("=")
            if not line.strip():
                continue
            if not equals or not key.strip():
                raise forms.ValidationError(f"Line {number} is not key=value.")
            pairs[key.strip()] = value.strip()
        return pairs

    def clean(self) -> dict[str, Any]:
        """A secret in the field of another kind would be thrown away silently."""
        data = super().clean() or self.cleaned_data
        is_generic = data.get("kind") == CredentialKind.GENERIC
        if data.get("values") and not is_generic:
            self.add_error("values", "Only a generic secret has values. Choose that kind, or empty this field.")
        for name in ("password", "ssh_private_key"):
            if data.get(name) and is_generic:
                self.add_error(name, "A generic secret keeps this as a value. Write it below, or empty this field.")
        return data

    def secrets(self) -> dict[str, str] | None:
        """The secret texts of a valid form, as the domain takes them; None when none was typed."""
        data = self.cleaned_data
        key = data["ssh_private_key"]
        # Browsers send CR LF; ssh refuses a key with them, and one without its last line end.
        key = key.replace("\r\n", "\n").strip() + "\n" if key.strip() else ""
        typed = {**data["values"], PASSWORD: data["password"], SSH_PRIVATE_KEY: key}
        return {name: text for name, text in typed.items() if text} or None
