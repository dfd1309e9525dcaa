"""Manifests of MessageChannel and ClusterMessageChannel.

Source: Kargo docs, notifications (group `ee.kargo.akuity.io/v1alpha1`).
Differs: `slack.apiURL` names another server that speaks like Slack's API; Kargo has no such field.
"""

from typing import Annotated, Literal

from pydantic import Field

from projects.manifests import Duration, Manifest, ManifestPart, Name, Text, exactly_one_of


class SecretReference(ManifestPart):
    """A generic secret: of the project, or shared for a ClusterMessageChannel, whatever namespace is given."""

    name: Name
    namespace: Name | None = None


class SlackChannel(ManifestPart):
    """Slack; the secret has `apiKey` (a bot token) or `webhookURL` (an incoming webhook)."""

    channel_id: Text = Field(alias="channelID")
    api_url: Annotated[str, Field(pattern="^https?://")] | None = Field(default=None, alias="apiURL")


class SmtpChannel(ManifestPart):
    """Mail; the secret has `username` and `password`, if the server wants them."""

    host: Text
    port: int = Field(ge=1, le=65535)
    sender: Text = Field(alias="from")
    to: list[Text] = Field(default_factory=list)
    use_tls: bool = Field(default=True, alias="useTLS")
    insecure_skip_verify: bool = False


class Pair(ManifestPart):
    """A header or a parameter of the query."""

    name: Text
    value: str


class HttpChannel(ManifestPart):
    """A web address; the secret has `bearerToken` or `authorization`, if it wants one."""

    url: Annotated[str, Field(pattern="^https?://")]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: list[Pair] = Field(default_factory=list)
    query_params: list[Pair] = Field(default_factory=list)
    timeout: Duration = "10s"
    insecure_skip_tls_verify: bool = Field(default=False, alias="insecureSkipTLSVerify")
    success_expression: str | None = None
    failure_expression: str | None = None


class ChannelParts(ManifestPart):
    """Where messages go, and the secret that opens it."""

    secret_ref: SecretReference | None = None
    slack: SlackChannel | None = None
    smtp: SmtpChannel | None = None
    http: HttpChannel | None = None


ChannelSpec = Annotated[ChannelParts, exactly_one_of("slack", "smtp", "http")]


class MessageChannelManifest(Manifest):
    """Kind MessageChannel, of one project."""

    spec: ChannelSpec


class ClusterMessageChannelManifest(Manifest):
    """Kind ClusterMessageChannel, shared by all projects."""

    spec: ChannelSpec
