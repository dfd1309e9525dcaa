"""helm-template: render a Helm chart of the work tree into one file or a directory of files.

The chart is rendered without a cluster. Dependencies must be in its `charts/` directory, or are fetched with
buildDependencies, by the project's credentials of type helm.

Source: Kargo docs `promotion-steps/helm-template.md`, code `runner/builtin/helm_template_runner.go`.
Differs: the helm program renders, locked into the work tree; a second run does not append its hooks again;
manifests without a name are numbered.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from integrations.helm.template import Rendering, render
from promotions.files.errors import DocumentError
from promotions.files.links import check_links
from promotions.files.manifests import check_file_name, identify, name_flat_file, split_documents
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.chart_dependencies import build_dependencies
from promotions.steps.rendering import (
    counted,
    is_yaml_file,
    put_file,
    put_files,
    readable_entries,
    scratch_dir,
    screen,
    start_helm,
)

_SOURCE = re.compile(r"\A\s*# Source: [^\n]*\n")


class SetValue(StepConfig):
    key: str = Field(min_length=1, description="Value to set; dots lead to nested ones.")
    value: str = Field(description="The new value, read as `helm template --set` reads it.")
    literal: bool = Field(False, description="Take the value as text, whatever it looks like.")


class Config(StepConfig):
    path: str = Field(min_length=1, description="Directory (or archive) of the chart.")
    out_path: str = Field(
        min_length=1, description="File to write (.yaml or .yml), or directory for one file a template."
    )
    release_name: str = Field(min_length=1, description="Name of the release.")
    out_layout: Literal["helm", "flat"] = Field(
        "helm", description="In a directory: helm is Helm's own tree, flat is one file a manifest."
    )
    use_release_name: bool = Field(False, description="Put the tree of layout helm below the name of the release.")
    namespace: str = Field("", description="Namespace of the release; the project's name when empty.")
    values_files: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, description="Files of values; later ones win."
    )
    ignore_missing_value_files: bool = Field(False, description="Leave out files of values that do not exist.")
    set_values: list[SetValue] = Field(default_factory=list, description="Values to set, after all files.")
    build_dependencies: bool = Field(False, description="Fetch the chart's dependencies first.")
    include_crds: bool = Field(False, alias="includeCRDs", description="Write custom resource definitions too.")
    disable_hooks: bool = Field(False, description="Leave out hooks.")
    skip_tests: bool = Field(False, description="Leave out hooks that are tests.")
    kube_version: str = Field("", description="Kubernetes version to render for.")
    api_versions: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, alias="apiVersions", description="API versions that the chart may ask for."
    )


def run(context: StepContext, config: Config) -> Done:
    helm = start_helm(context)
    values_files = _find_values(context, config)
    chart = context.path(config.path)
    if not chart.exists():
        raise StepErrored(f'There is no chart at "{config.path}".')
    if config.build_dependencies:
        build_dependencies(context, helm, config.path)
    _check_chart(context, config.path, chart)
    rendering = Rendering(
        chart,
        config.release_name,
        config.namespace or context.project,
        values_files,
        [(each.key, each.value, each.literal) for each in config.set_values],
        include_crds=config.include_crds,
        disable_hooks=config.disable_hooks,
        skip_tests=config.skip_tests,
        kube_version=config.kube_version,
        api_versions=config.api_versions,
    )
    is_tree = not is_yaml_file(config.out_path) and config.out_layout == "helm"
    with counted(), _output_dir(context, wanted=is_tree) as output_dir:
        text = render(
            helm,
            rendering,
            readable=readable_entries(context),
            listed=context.workdir,
            scratch=scratch_dir(context),
            screen=screen(context),
            output_dir=output_dir,
            use_release_name=config.use_release_name,
        )
        files = _read_tree(output_dir) if output_dir else {}
    _write(context, config, text, files)
    return Done()


def _find_values(context: StepContext, config: Config) -> list[Path]:
    found = []
    for name in config.values_files:
        path = context.path(name)
        if path.is_file():
            found.append(path)
        elif config.ignore_missing_value_files and not path.exists():
            context.log(f"There is no {name}; going on without it", "info")
        else:
            raise StepErrored(f'The file of values "{name}" does not exist.')
    return found


def _check_chart(context: StepContext, shown: str, chart: Path) -> None:
    """Helm follows links inside a chart."""
    try:
        if chart.is_dir():
            check_links(context.workdir.resolve(), chart)
    except DocumentError as error:
        raise StepErrored(f'The chart "{shown}" is not rendered: {error}.') from error


@contextmanager
def _output_dir(context: StepContext, *, wanted: bool) -> Iterator[Path | None]:
    """An empty directory for helm's tree: what helm finds in the way, it appends to."""
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="rendered-", dir=scratch_dir(context)) as name:
        yield Path(name)


def _read_tree(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(directory)): path.read_text(errors="replace") for path in files}


def _write(context: StepContext, config: Config, text: str, tree: dict[str, str]) -> None:
    if is_yaml_file(config.out_path):
        put_file(context, config.out_path, text)
        context.log(f"Wrote {len(split_documents(text))} manifests to {config.out_path}", "info")
    else:
        put_files(context, config.out_path, tree if config.out_layout == "helm" else _name_files(context, text))


def _name_files(context: StepContext, text: str) -> dict[str, str]:
    files: dict[str, str] = {}
    nameless = 0
    for document in split_documents(text):
        identity = identify(document)
        if identity.kind and identity.name:
            name = name_flat_file(identity)
        else:
            name, nameless = f"resource-{nameless}.yaml", nameless + 1
        try:
            check_file_name(name)
        except DocumentError as error:
            raise StepErrored(f"Cannot write the manifests: {error}.") from error
        if name in files:
            context.log(f"Two manifests have the name {name}; the later one stays", "info")
        # A hook is written as it stands in the chart; only other manifests keep the line that says from where.
        files[name] = (_SOURCE.sub("", document) if identity.hooks else document).strip()
    return files


STEP = Step(
    "helm-template",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Renders again and overwrites the files.",
    needs=("tools", "credentials", "http"),
)
