"""chart: versions of a Helm chart, in a repository with an index.yaml or in an OCI registry.

Source: Kargo docs "Working with Warehouses" (Chart Subscriptions), code `pkg/helm/chart`.
Differs: an index that did not change since the last look is not sent again; a version that appears twice is listed
once.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from freight.models import ArtifactKind
from freight.selection.constraints import parse_constraint
from freight.selection.semver import select_chart_versions, select_semver
from freight.subscriptions.base import ArtifactDraft, Discovery, SubscriptionType, Surroundings
from integrations.credentials import SshKey
from integrations.helm.index import ChartVersion
from integrations.helm.repository import HttpCharts, open_charts
from integrations.http import HttpClient
from integrations.oci.pauses import SHARED_PAUSES


def discover(spec: Mapping[str, Any], around: Surroundings) -> Discovery:
    """Chart versions, highest first."""
    wanted = spec.get("semverConstraint")
    constraint = parse_constraint(wanted) if wanted else None
    credentials = None if isinstance(around.credentials, SshKey) else around.credentials
    policy = replace(around.policy, verify_tls=not spec.get("insecureSkipTLSVerify"))
    with HttpClient(policy, "kargoweb") as client:
        charts = open_charts(
            *(client, spec["repoURL"]),
            name=spec.get("name") or "",
            credentials=credentials,
            pauses=SHARED_PAUSES,
            visit=around.visit,
        )
        if isinstance(charts, HttpCharts):
            answer = charts.read_index(around.observed.get("index") or {})
            if answer is None:
                return Discovery(around.found, around.ignored, around.observed)
            listed, observed = answer.versions, {"index": dict(answer.validators)}
        else:
            listed, observed = tuple(charts.list_versions()), {}
    by_text = {version.version: version for version in listed}
    if isinstance(charts, HttpCharts):
        selection = select_semver(by_text, constraint=constraint, strict=False)
    else:
        selection = select_chart_versions(by_text, constraint=constraint)
    chosen = selection.cut(int(spec.get("discoveryLimit") or 20))
    found = tuple(_to_json(spec, by_text[version]) for version in chosen.taken)
    return Discovery(found, chosen.ignored, observed)


def _to_json(spec: Mapping[str, Any], version: ChartVersion) -> dict[str, Any]:
    written: dict[str, Any] = {"name": spec.get("name") or "", "version": version.version}
    if version.created_at:
        written["createdAt"] = version.created_at.isoformat()
    if version.app_version:
        written["appVersion"] = version.app_version
    return written


def draft(spec: Mapping[str, Any], name: str, item: Mapping[str, Any]) -> ArtifactDraft:
    """The artifact of one found version; the URL stays as it was written."""
    return ArtifactDraft(
        kind=ArtifactKind.CHART.value,
        repo_url=spec["repoURL"],
        subscription_name=name,
        chart_name=spec.get("name") or "",
        version=item["version"],
    )


SUBSCRIPTION = SubscriptionType(
    kind="chart",
    credential_kind="helm",
    nothing_found="No chart versions were discovered",
    discover=discover,
    draft=draft,
)
