"""helm-update-chart: set versions of a chart's dependencies and fetch them.

Without `charts` the versions in Chart.yaml stay and their ranges are resolved anew. When no version changes,
Chart.lock stays as it was. Repositories are asked with the project's credentials of type helm.

Source: Kargo docs `promotion-steps/helm-update-chart.md`, code `runner/builtin/helm_chart_updater.go`.
Differs: the helm program fetches; the changes in the commit message are sorted by name.
"""

from pathlib import Path

from pydantic import Field

from integrations.helm.charts import Dependency, compare_versions, read_dependencies
from promotions.files.documents import read_document
from promotions.files.errors import DocumentError
from promotions.files.yaml import update_yaml
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.chart_dependencies import fetch, load_dependencies
from promotions.steps.private import write_file
from promotions.steps.rendering import start_helm


class Chart(StepConfig):
    repository: str = Field(min_length=1, description="Repository of the dependency, as Chart.yaml has it.")
    name: str = Field(min_length=1, description="Name of the dependency, as Chart.yaml has it.")
    version: str = Field(min_length=1, description="Version to set.")


class Config(StepConfig):
    path: str = Field(min_length=1, description="Directory of the chart that has the dependencies.")
    charts: list[Chart] = Field(
        default_factory=list, min_length=1, description="Versions to set; when left out, ranges are resolved anew."
    )


def run(context: StepContext, config: Config) -> Done:
    helm = start_helm(context)
    dependencies = load_dependencies(context, config.path)
    chart = context.path(config.path)
    _set_versions(context, config, dependencies)
    lock = chart / "Chart.lock"
    if lock.is_symlink():
        raise StepErrored(f'"{context.shown(lock)}" is a symbolic link; helm would overwrite what it leads to.')
    before = lock.read_bytes() if lock.exists() else None
    locked = read_dependencies(lock) if before is not None else []
    fetch(context, helm, chart, load_dependencies(context, config.path), is_update=True)
    changes = compare_versions(locked, read_dependencies(lock) if lock.exists() else [])
    if not changes:
        if before is not None:
            # Helm has put the time of this run into it.
            write_file(context, lock, before)
        context.log("No version of a dependency changed", "info")
        return Done()
    for name, change in changes.items():
        context.log(f"{name}: {change}", "info")
    lines = [f"- {name}: {change}" for name, change in changes.items()]
    return Done({"commitMessage": "\n".join([f"Updated chart dependencies for {config.path}", "", *lines])})


def _set_versions(context: StepContext, config: Config, dependencies: list[Dependency]) -> None:
    updates: list[tuple[str, str]] = []
    for chart in config.charts:
        index = next((i for i, each in enumerate(dependencies) if _is_meant(chart, each)), None)
        if index is None:
            known = ", ".join(f"{each.name} of {each.repository or 'no repository'}" for each in dependencies)
            raise StepErrored(
                f'no dependency in Chart.yaml matches update with repository "{chart.repository}" and name '
                f'"{chart.name}"; there are {known or "none"}'
            )
        if dependencies[index].version != chart.version:
            context.log(f"Chart.yaml: {chart.name} {dependencies[index].version} -> {chart.version}", "info")
            updates.append((f"dependencies.{index}.version", chart.version))
    if updates:
        _edit(context, context.path(f"{config.path}/Chart.yaml"), updates)


def _edit(context: StepContext, file: Path, updates: list[tuple[str, str]]) -> None:
    try:
        write_file(context, file, update_yaml(read_document(file, format_name="YAML"), updates))
    except DocumentError as error:
        raise StepErrored(f'Cannot set versions in "{context.shown(file)}": {error}') from error


def _is_meant(chart: Chart, dependency: Dependency) -> bool:
    return chart.name == dependency.name and chart.repository == dependency.repository


STEP = Step(
    "helm-update-chart",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same versions; a version that was locked by the first run is no change any more.",
    outputs={"commitMessage": "The versions that changed, as the text of a commit; missing when none did."},
    needs=("tools", "credentials", "http"),
)
