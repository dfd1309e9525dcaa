"""kustomize-build: render a directory with kustomize into one file or a directory of files.

Helm charts of a kustomization are rendered too, when they are part of the work tree. What kustomize would fetch from
elsewhere (remote bases, charts of a repository) is refused unless the operator allows it: it is no part of the
freight. Plugins that run programs are off, and nothing outside the work tree is read.

Source: Kargo docs `promotion-steps/kustomize-build.md`, code `runner/builtin/kustomize_builder.go`.
Differs: the kustomize program renders, locked into the work tree; nothing is fetched unless a setting allows it.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from integrations.git.reach import check_reach
from integrations.helm.program import SETTING as HELM_SETTING
from integrations.helm.program import find_helm
from integrations.kustomize import Inflation, build
from integrations.programs import ProgramMissing
from promotions.files.errors import DocumentError
from promotions.files.kustomization import inspect_kustomization
from promotions.files.links import check_inside
from promotions.files.manifests import (
    check_file_name,
    has_several_namespaces,
    identify,
    name_kargo_file,
    name_kustomize_file,
    split_documents,
)
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.rendering import (
    counted,
    is_yaml_file,
    put_file,
    put_files,
    readable_entries,
    scratch_dir,
    screen,
    start_kustomize,
)


class HelmPlugin(StepConfig):
    api_versions: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, alias="apiVersions", description="API versions that charts may ask for."
    )
    kube_version: str = Field("", description="Kubernetes version that charts are rendered for.")


class Plugin(StepConfig):
    helm: HelmPlugin = Field(default_factory=HelmPlugin, description="How helm charts are rendered.")


class Config(StepConfig):
    path: str = Field(min_length=1, description="Directory with the kustomization file.")
    out_path: str = Field(
        min_length=1, description="File to write (.yaml or .yml), or directory for one file a manifest."
    )
    output_format: Literal["kargo", "kustomize"] = Field(
        "kargo",
        description="Names in a directory: kargo is [namespace-]kind-name.yaml, kustomize is "
        "[namespace_]group_version_kind_name.yaml.",
    )
    plugin: Plugin = Field(default_factory=Plugin, description="Settings of built-in plugins.")


def run(context: StepContext, config: Config) -> Done:
    kustomize = start_kustomize(context)
    tools = given(context.can.tools)
    directory = _find_directory(context, config.path)
    root = Path(os.path.realpath(context.workdir))
    try:
        remote = inspect_kustomization(root, directory, allow_remote=tools.allow_remote_bases)
    except DocumentError as error:
        raise StepErrored(f'"{config.path}" is not built: {error}.') from error
    for address in remote:
        check_reach(address, given(context.can.http).policy)
    with counted():
        text = build(
            kustomize,
            directory,
            readable=readable_entries(context),
            listed=context.workdir,
            scratch=scratch_dir(context),
            inflation=_read_inflation(context, config),
            network=tools.allow_remote_bases,
            screen=screen(context),
        )
    if is_yaml_file(config.out_path):
        put_file(context, config.out_path, text)
        context.log(f"Wrote {len(split_documents(text))} manifests to {config.out_path}", "info")
    else:
        put_files(context, config.out_path, _name_files(context, config, text))
    return Done()


def _find_directory(context: StepContext, path: str) -> Path:
    joined = Path(os.path.normpath(context.workdir / path.lstrip("/")))
    if not joined.is_relative_to(context.workdir):
        raise StepErrored(f'"{path}" is outside the work tree.')
    try:
        real = check_inside(Path(os.path.realpath(context.workdir)), joined, path)
    except DocumentError as error:
        raise StepErrored(f"{error}.") from error
    # The same place by its checked name; our own directory is refused.
    directory = context.path(str(real.relative_to(os.path.realpath(context.workdir))))
    if not directory.is_dir():
        raise StepErrored(f'"{path}" is not a directory of the work tree; kustomize-build needs one.')
    return directory


def _read_inflation(context: StepContext, config: Config) -> Inflation:
    try:
        helm = find_helm(given(context.can.tools).helm).path
    except ProgramMissing:
        # Most kustomizations need none; kustomize says when one does.
        context.log(f"helm was not found, so charts cannot be rendered; {HELM_SETTING} may name it", "info")
        helm = None
    return Inflation(helm, config.plugin.helm.api_versions, config.plugin.helm.kube_version)


def _name_files(context: StepContext, config: Config, text: str) -> dict[str, str]:
    documents = split_documents(text)
    identities = [identify(document) for document in documents]
    several = has_several_namespaces(identities)
    files: dict[str, str] = {}
    for identity, document in zip(identities, documents, strict=True):
        if config.output_format == "kustomize":
            name = name_kustomize_file(identity, with_namespace=several)
        else:
            name = name_kargo_file(identity)
        try:
            check_file_name(name)
        except DocumentError as error:
            raise StepErrored(f"Cannot write the manifests: {error}.") from error
        if name in files:
            context.log(f"Two manifests have the name {name}; the later one stays", "info")
        files[name] = document
    return files


STEP = Step(
    "kustomize-build",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Renders again and overwrites the files.",
    needs=("tools", "http"),
)
