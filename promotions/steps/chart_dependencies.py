"""Dependencies of a chart in the work tree, for the two steps of Helm that fetch them.

Source: Kargo code, `pkg/helm/dependency_manager.go`.
"""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from integrations.credentials import BasicAuth, SshKey, Token
from integrations.helm.charts import LOCAL_SCHEME, Dependency, read_dependencies
from integrations.helm.dependencies import fetch_dependencies
from integrations.helm.program import Helm
from promotions.files.errors import DocumentError
from promotions.files.links import check_inside, check_links
from promotions.steps.base import StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.rendering import counted, readable_entries, scratch_dir, screen


def build_dependencies(context: StepContext, helm: Helm, path: str) -> None:
    """Fill `charts/` as Chart.lock says; without one, resolve the versions and write it."""
    chart = context.path(path)
    dependencies = load_dependencies(context, path)
    if dependencies:
        fetch(context, helm, chart, dependencies, is_update=False)


def load_dependencies(context: StepContext, path: str) -> list[Dependency]:
    """What Chart.yaml lists, after a check that local charts are in the work tree. Raises StepErrored."""
    file = context.path(f"{path}/Chart.yaml")
    if not file.is_file():
        raise StepErrored(f'There is no chart at "{path}": it has no Chart.yaml.')
    dependencies = read_dependencies(file)
    for dependency in dependencies:
        if dependency.repository.startswith(LOCAL_SCHEME):
            _check_local(context, file.parent, dependency)
    return dependencies


def fetch(
    context: StepContext, helm: Helm, chart: Path, dependencies: Sequence[Dependency], *, is_update: bool
) -> None:
    """Let helm fetch them, with the project's credentials of type helm."""
    root = Path(os.path.realpath(context.workdir))
    try:
        # Helm writes into charts/ and follows links on the way.
        check_links(root, chart)
    except DocumentError as error:
        raise StepErrored(f'The dependencies of "{context.shown(chart)}" are not fetched: {error}.') from error

    def find_login(url: str) -> BasicAuth | Token | None:
        found = given(context.can.credentials).find("helm", url)
        return None if isinstance(found, SshKey) else found

    with counted():
        fetch_dependencies(
            helm,
            "update" if is_update else "build",
            chart,
            dependencies,
            find_login=find_login,
            policy=given(context.can.http).policy,
            readable=readable_entries(context),
            listed=context.workdir,
            scratch=scratch_dir(context),
            screen=screen(context),
        )


def _check_local(context: StepContext, chart: Path, dependency: Dependency) -> None:
    root = Path(os.path.realpath(context.workdir))
    relative = dependency.repository.removeprefix(LOCAL_SCHEME)
    what = f'The dependency "{dependency.name}" ({dependency.repository})'
    if PurePosixPath(relative).is_absolute():
        raise StepErrored(f"{what} must be a relative path.")
    place = Path(os.path.normpath(Path(os.path.realpath(chart)) / relative))
    try:
        real = check_inside(root, place, relative)
        if not real.exists():
            raise StepErrored(f"{what} does not exist.")
        if real.is_dir():
            check_links(root, real)
    except DocumentError as error:
        raise StepErrored(f"{what} cannot be used: {error}.") from error
