"""A preview as JSON, and its digest. Pure.

{"steps": [{"alias", "kind", "status", "message", "output"}], "pushes": [{"alias", "repo_url", "branch", "tag",
"force", "base_sha", "head_sha", "head_tree", "commits": [{"sha", "subject"}], "diff", "is_cut",
"files": [{"path", "old_path", "added", "removed"}], "added", "removed"}], "stop": {"index", "alias", "reason"} or
None, "messages": [text]}
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from promotions.phases import StepStatus
from promotions.previews.cut_off import Push
from promotions.previews.dry_run import StepReport, Stop

# Status of a step whose effect outside was cut off; the others are those of promotions.
CUT_OFF = "Would"

Result = dict[str, Any]

_ID = re.compile(r"\b[0-9a-f]{7,64}\b")


def describe(reports: Sequence[StepReport], pushes: Sequence[Push], stop: Stop | None) -> Result:
    """All that the preview found out, secrets not masked yet."""
    return {
        "steps": [_describe_step(report) for report in reports],
        "pushes": [_describe_push(push) for push in pushes],
        "stop": {"index": stop.index, "alias": stop.alias, "reason": stop.reason} if stop else None,
        "messages": [f"{r.run.alias}: {r.run.message}" for r in reports if r.is_cut_off and r.run.message],
    }


def digest_of(result: Result, pushes: Sequence[Push]) -> str:
    """SHA-256 over what would be done: equal for two previews that would do the same, whenever they were made.

    Commit ids hold times, so trees and messages stand in their place, wherever a text names the id.
    """
    made = _list_made(result, pushes)
    matters = {
        "steps": result["steps"],
        "pushes": [
            {key: push[key] for key in ("alias", "repo_url", "branch", "tag", "force", "head_tree", "diff")}
            | {"commits": [[commit.tree, commit.message] for commit in compared.comparison.commits]}
            for push, compared in zip(result["pushes"], pushes, strict=True)
        ],
        "stop": result["stop"],
    }
    text = json.dumps(_without_ids(matters, made), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _describe_step(report: StepReport) -> dict[str, Any]:
    run = report.run
    return {
        "alias": run.alias,
        "kind": run.kind,
        "status": CUT_OFF if report.is_cut_off else StepStatus(run.status).value,
        "message": run.message,
        "output": report.output,
    }


def _describe_push(push: Push) -> dict[str, Any]:
    found = push.comparison
    return {
        "alias": push.alias,
        "repo_url": push.would.repo_url,
        "branch": push.would.branch,
        "tag": push.would.tag,
        "force": push.would.force,
        "base_sha": found.base,
        "head_sha": found.head,
        "head_tree": found.head_tree,
        "commits": [{"sha": commit.id, "subject": commit.subject} for commit in found.commits],
        "diff": found.diff,
        "is_cut": found.is_cut,
        "files": [
            {"path": file.path, "old_path": file.old_path, "added": file.added, "removed": file.removed}
            for file in found.files
        ],
        "added": sum(file.added or 0 for file in found.files),
        "removed": sum(file.removed or 0 for file in found.files),
    }


def _list_made(result: Result, pushes: Sequence[Push]) -> dict[str, str]:
    """Ids of the commits that the preview made, and what stands for them."""
    made = {
        str(step["output"]["commit"]): f"commit of step {step['alias']}"
        for step in result["steps"]
        if step["kind"] == "git-commit" and step["status"] == StepStatus.SUCCEEDED
    }
    for push in pushes:
        made |= {commit.id: f"commit of tree {commit.tree}" for commit in push.comparison.commits}
    return made


def _without_ids(value: Any, made: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _ID.sub(lambda match: _stand_in(match[0], made), value)
    if isinstance(value, Mapping):
        return {key: _without_ids(item, made) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_ids(item, made) for item in value]
    return value


def _stand_in(text: str, made: Mapping[str, str]) -> str:
    return next((stands for commit, stands in made.items() if commit.startswith(text)), text)
