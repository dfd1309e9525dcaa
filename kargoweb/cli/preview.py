"""`kargoweb preview`: what a promotion would do, without doing it."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from kargoweb.cli.django_setup import set_up_django

if TYPE_CHECKING:
    from freight.models import Freight
    from promotions.models import Preview, Stage

_POLL_SECONDS = 0.2


@click.command("preview")
@click.argument("project")
@click.argument("stage")
@click.argument("freight")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(project: str, stage: str, freight: str, output: str) -> None:
    """Show what a promotion of FREIGHT (its alias or name) to STAGE of PROJECT would do, and change nothing.

    Prints what each step with an effect outside would do, and the differences that would be pushed. The exit code is
    1 when the promotion would fail.
    """
    set_up_django()
    from projects.errors import DomainError
    from promotions.models import PreviewPhase

    try:
        row = _make(*_find(project, stage, freight))
    except DomainError as refusal:
        raise click.ClickException(refusal.message) from refusal
    if output == "json":
        click.echo(json.dumps(_as_json(row), indent=2, ensure_ascii=False))
    else:
        for line in _list_lines(row):
            click.echo(line)
    if row.phase == PreviewPhase.FAILED:
        raise SystemExit(1)


def _find(project_name: str, stage_name: str, key: str) -> tuple["Stage", "Freight"]:
    from projects.models import Project
    from promotions.queries.freight import get_freight
    from promotions.queries.promote import get_stages

    project = Project.objects.filter(name=project_name).first()
    if project is None:
        raise click.ClickException(f'There is no project "{project_name}".')
    (stage,) = get_stages(project, [stage_name])
    return stage, get_freight(project, key)


def _make(stage: "Stage", freight: "Freight") -> "Preview":
    """Make it in this process; when a worker was quicker, wait for it."""
    from django.utils import timezone

    from projects.actors import OPERATOR
    from promotions.engine import read_site
    from promotions.previews import request_preview, run_preview

    row, site = request_preview(OPERATOR, stage, freight, now=timezone.now()), read_site()
    while row.is_live:
        run_preview(row.pk, site=site)
        row.refresh_from_db()
        if row.is_live:
            time.sleep(_POLL_SECONDS)
    return row


def _as_json(row: "Preview") -> dict[str, Any]:
    facts = {"phase": row.phase, "message": row.message, "digest": row.digest, "bases": row.bases}
    return {"id": row.pk, "stage": row.stage_name, "freight": row.freight_alias, **facts, **row.result}


def _list_lines(row: "Preview") -> Iterator[str]:
    from promotions.previews import CUT_OFF

    for step in row.result.get("steps", ()):
        word = step["status"].lower() or "not reached"
        text = step["message"].partition("\n")[0]
        if step["status"] == CUT_OFF:
            yield f"{step['alias']}: {text}"
        else:
            yield f"{step['alias']}: {word}" + (f" ({text})" if text else "")
    for push in row.result.get("pushes", ()):
        where = f"branch {push['branch']}" if push["branch"] else f"tag {push['tag']}"
        count = f"{push['file_count']} file" + ("" if push["file_count"] == 1 else "s")
        yield f"\n{push['repo_url']}, {where}: {count}, +{push['added']} -{push['removed']}"
        for commit in push["commits"]:
            yield f"  {commit['subject']}"
        if push["diff"]:
            yield push["diff"].rstrip("\n")
        if push["is_cut"]:
            yield "... the rest of this diff is left out: it is too large"
    if stop := row.result.get("stop"):
        yield f"\nStopped at {stop['alias']}: {stop['reason']}"
    yield f"\n{row.phase}" + (f": {row.message}" if row.message else "")
    if row.digest:
        yield f"digest {row.digest}"
