"""Which of an application's sources an update means, and what the update makes of it. Pure.

Source: Kargo code, argocd-update (source matching, kustomize images, Helm parameters).
Differs: the desired revision of a git source is looked up as its update is applied, by the normalised URL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.argocd.applications import Application, Source
from integrations.git.urls import normalize_git_url


class NoSuchSource(Exception):
    """The application has no source that the update means."""


@dataclass(frozen=True, slots=True)
class SourceUpdate:
    """What one source shall be like; empty means: leave as it is.

    `kustomize_images` replace all images of the source (`repo=new:tag`); `helm_parameters` set these, others stay.
    """

    repo_url: str
    chart: str = ""
    desired_revision: str = ""
    update_target_revision: bool = False
    kustomize_images: tuple[str, ...] = ()
    helm_parameters: Mapping[str, str] | None = None

    def matches(self, source: Source) -> bool:
        """Charts by URL and name as they are written, git repositories by any spelling of their URL."""
        if self.chart or source.chart:
            return (self.repo_url, self.chart) == (source.repo_url, source.chart)
        return normalize_git_url(self.repo_url) == normalize_git_url(source.repo_url)


def list_desired_revisions(app: Application, updates: Sequence[SourceUpdate]) -> list[str]:
    """One a source of the application; empty where no update names one."""
    return [
        next((update.desired_revision for update in updates if update.matches(source)), "") for source in app.sources
    ]


def apply_updates(app: Application, updates: Sequence[SourceUpdate]) -> list[dict[str, Any]]:
    """The application's sources as they shall be; each update goes to the first it means. Raises NoSuchSource."""
    sources = [dict(source.raw) for source in app.sources]
    desired = list_desired_revisions(app, updates)
    for update in updates:
        index = next((i for i, source in enumerate(app.sources) if update.matches(source)), None)
        if index is None:
            chart = f' and chart "{update.chart}"' if update.chart else ""
            raise NoSuchSource(f"no source of {app} matches repoURL {update.repo_url}{chart}")
        _apply(update, sources[index], desired[index])
    return sources


def _apply(update: SourceUpdate, source: dict[str, Any], revision: str) -> None:
    if update.update_target_revision and revision:
        source["targetRevision"] = revision
    if update.kustomize_images:
        source["kustomize"] = {**(source.get("kustomize") or {}), "images": list(update.kustomize_images)}
    if update.helm_parameters:
        helm = source.get("helm") or {}
        source["helm"] = {**helm, "parameters": _set_parameters(helm.get("parameters") or [], update.helm_parameters)}


def _set_parameters(parameters: Sequence[Mapping[str, Any]], changes: Mapping[str, str]) -> list[dict[str, Any]]:
    left = dict(changes)
    merged = [
        {"name": parameter["name"], "value": left.pop(parameter["name"])}
        if parameter.get("name") in left
        else dict(parameter)
        for parameter in parameters
    ]
    return [*merged, *({"name": name, "value": value} for name, value in left.items())]
