"""Makes previews as a worker would, and looks at what a git host holds before and after."""

from typing import Any

from django.utils import timezone

from freight.models import Freight
from integrations.git.environment import Place, run_git
from integrations.git.mirror import Mirror
from integrations.loopback.git_server import GitServer
from projects.actors import controller
from promotions.engine import Site, read_site
from promotions.models import Preview, Stage
from promotions.previews import request_preview, run_preview


def preview(stage: Stage, freight: Freight, *, site: Site | None = None) -> Preview:
    """Ask for a preview and make it; gives it as it stands then."""
    row = request_preview(controller("test"), stage, freight, now=timezone.now())
    run_preview(row.pk, site=site or read_site())
    row.refresh_from_db()
    return row


def steps_of(row: Preview) -> dict[str, str]:
    return {step["alias"]: step["status"] for step in row.result["steps"]}


def step_of(row: Preview, alias: str) -> dict[str, Any]:
    return next(step for step in row.result["steps"] if step["alias"] == alias)


def host_git(server: GitServer, name: str, *arguments: str) -> str:
    """What git says in the host's own repository."""
    path = server.path(name)
    result = run_git(*arguments, place=Place(directory=path, git_dir=path))
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refs_of(server: GitServer, *names: str) -> dict[str, str]:
    return {name: host_git(server, name, "for-each-ref") for name in names}


def kept_in_mirrors() -> list[str]:
    """Commits that mirrors still hold for somebody."""
    return [commit for path in read_site().mirrors_dir.glob("*.git") for commit in Mirror(path).kept()]
