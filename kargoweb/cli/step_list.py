"""`kargoweb step list`: every kind in a line or as an object, built-in ones and those of other packages."""

from typing import Any

import click

from promotions.steps.base import Step
from promotions.steps.custom import SETTING, CustomStep
from promotions.steps.reference import describe_step
from promotions.steps.registry import list_custom, list_steps


def list_rows() -> list[dict[str, Any]]:
    """All steps that can be used, then the custom ones that cannot; these have "problem" and little else."""
    custom = {item.kind: item for item in list_custom() if item.step}
    rows = [_row(step, custom.get(step.kind)) for step in list_steps()]
    return rows + [_broken_row(item) for item in list_custom() if not item.step]


def print_table() -> None:
    """Kind, effect, outputs, and what the step does."""
    rows = list_rows()
    width = max(len(row["kind"]) for row in rows)
    for row in rows:
        mark = f" [custom: {row['package']} {row['version']}]".replace(" ]", "]") if row["package"] else ""
        if "problem" in row:
            click.echo(f"{row['kind']:{width}}  unusable   {row['problem']}{mark}")
        else:
            click.echo(f"{row['kind']:{width}}  {row['effect']:9}  {row['summary']}{mark}")


def _row(step: Step[Any], custom: CustomStep | None) -> dict[str, Any]:
    described = describe_step(step)
    return {
        # "name" is the older word for "kind".
        "name": step.kind,
        "kind": step.kind,
        "summary": described.summary,
        "effect": step.effect.value,
        "outputs": dict(step.outputs),
        "rerun": step.rerun,
        "preview": described.preview,
        "errorThreshold": step.error_threshold,
        "timeoutSeconds": step.timeout.total_seconds() if step.timeout else None,
        "needs": list(step.needs),
        "package": custom.package if custom else "",
        "version": custom.version if custom else "",
    }


def _broken_row(custom: CustomStep) -> dict[str, Any]:
    problem = custom.problem or f"not allowed by {SETTING}"
    names = {"name": custom.kind, "kind": custom.kind}
    return {**names, "package": custom.package, "version": custom.version, "problem": problem}
