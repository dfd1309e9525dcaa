"""Form of a credential: secret values go in and never come out again."""

from typing import Any

from django import forms

from integrations.issuers.keys import ISSUERS
from projects.credentials import PASSWORD, SSH_PRIVATE_KEY
from projects.models import CredentialKind

# Fields whose text must reach no report of an error.
SECRET_FIELDS = ("password", "ssh_private_key", "values", *(issuer.secret_key for issuer in ISSUERS))
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "class": "mono"}
_LABELS = {
    "githubAppClientID": "Client id of the App",
    "githubAppID": "App id, if there is no client id",
    "githubAppInstallationID": "Installation id",
    "githubAppPrivateKey": "Private key of the App",
    "awsRegion": "Region",
    "awsAccessKeyID": "Access key id",
    "awsSecretAccessKey": "Secret access key",
    "gcpServiceAccountKey": "Key of the service account (JSON)",
    "azureTenantID": "Tenant id",
    "azureClientID": "Client id",
    "azureClientSecret": "Client secret",
}
_LONG = frozenset({"githubAppPrivateKey", "gcpServiceAccountKey"})


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
        help_text="RE2 syntax; it must match from the start of the URL or of its host.",
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
    expires_on = forms.DateField(
        label="Last day of its validity",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="As the host says. You are warned two weeks before.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for issuer in ISSUERS:
            for key in (*issuer.open_keys, issuer.secret_key):
                self.fields[key] = _issuer_field(key, is_secret=key == issuer.secret_key)

    def issuer_groups(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """For each issuer its name, its fields, and whether there is something in them to look at."""
        groups = []
        for issuer in ISSUERS:
            fields = [self[key] for key in (*issuer.open_keys, issuer.secret_key)]
            groups.append((issuer.label, fields, any(field.errors or field.value() for field in fields)))
        return groups

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
        issued = {issuer.secret_key: data[issuer.secret_key].replace("\r\n", "\n").strip() for issuer in ISSUERS}
        typed = {**data["values"], PASSWORD: data["password"], SSH_PRIVATE_KEY: key, **issued}
        return {name: text for name, text in typed.items() if text} or None

    def details(self) -> dict[str, str]:
        """The texts of a valid form that go with a secret and are none."""
        keys = [key for issuer in ISSUERS for key in issuer.open_keys]
        return {key: self.cleaned_data[key] for key in keys if self.cleaned_data[key]}


class CredentialTestForm(forms.Form):
    """Where a credential is tried."""

    repo_url = forms.CharField(
        label="Repository to read",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text="It must match the URL of the credential.",
    )


def _issuer_field(key: str, *, is_secret: bool) -> forms.CharField:
    widget: forms.Widget = forms.TextInput(attrs=_PLAIN)
    if is_secret:
        widget = (
            SecretTextarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
            if key in _LONG
            else forms.PasswordInput(attrs={"autocomplete": "new-password"})
        )
    return forms.CharField(label=_LABELS[key], required=False, max_length=20_000, widget=widget)
