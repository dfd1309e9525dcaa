"""Manifest of what is configured for the whole site: ClusterConfig.

Source: Kargo CRD ClusterConfig.
Differs: `gitClient` is a setting of the site (KARGOWEB_GIT_NAME and others), so it is refused here.
"""

from typing import Annotated

from pydantic import Field, model_validator

from projects.manifests import (
    RECEIVER_KINDS,
    DeepLink,
    Manifest,
    ManifestPart,
    PromotionWindow,
    WebhookReceiver,
    exactly_one_of,
    find_repeated,
    refusal,
    refusals,
)


class ClusterConfigSpec(ManifestPart):
    """Receivers that speak for all projects, links and windows."""

    webhook_receivers: list[Annotated[WebhookReceiver, exactly_one_of(*RECEIVER_KINDS)]] = Field(default_factory=list)
    promotion_windows: list[PromotionWindow] = Field(default_factory=list)
    freight_links: list[DeepLink] = Field(default_factory=list)
    stage_links: list[DeepLink] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_once(self) -> "ClusterConfigSpec":
        findings = find_repeated("webhookReceivers", [receiver.name for receiver in self.webhook_receivers])
        if findings:
            raise refusals(findings)
        return self


class ClusterConfigManifest(Manifest):
    """Kind ClusterConfig: there is one, named "cluster"."""

    spec: ClusterConfigSpec = Field(default_factory=ClusterConfigSpec)

    @model_validator(mode="after")
    def _is_the_only_one(self) -> "ClusterConfigManifest":
        if self.metadata.name != "cluster":
            message = f'A ClusterConfig is named "cluster", not "{self.metadata.name}".'
            raise refusal(message, hint="Write name: cluster.", at=("metadata", "name"))
        return self
