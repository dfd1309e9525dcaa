"""A preview as JSON, and its digest. Pure.

{"steps": [{"alias", "kind", "status", "message", "output"}], "pushes": [{"aliases", "repo_url", "branch", "tag",
"force", "base_sha", "head_sha", "head_tree", "commits": [{"sha", "subject"}], "diff", "is_cut", "file_count",
"files": [{"path", "old_path", "added", "removed"}], "added", "removed"}], "messages": [text],
"stop": {"index", "alias", "reason"} or None}
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.git.comparison import MAX_DIFF_BYTES, Comparison
from promotions.phases import StepStatus
from promotions.previews.cut_off import Push
from promotions.previews.dry_run import StepReport, Stop

# Status of a step whose effect outside was cut off; the others are those of promotions.
CUT_OFF = "Would"

# Of all pushes together; files that are listed of one push.
_MOST_DIFF_BYTES, _MOST_FILES = 4 * MAX_DIFF_BYTES, 1000

Result = dict[str, Any]

# The id of the tree without files, by SHA-1 and by SHA-256.
_EMPTY_TREES = (
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
)
_ID = re.compile(r"\b[0-9a-f]{7,64}\b")


def describe(reports: Sequence[StepReport], pushes: Sequence[Push], stop: Stop | None) -> Result:
    """All that the preview found out, secrets not masked yet."""
    return {
        "steps": [_describe_step(report) for report in reports],
        "pushes": _describe_pushes(pushes),
        "stop": {"index": stop.index, "alias": stop.alias, "reason": stop.reason} if stop else None,
        "messages": [f"{r.run.alias}: {r.run.message}" for r in reports if r.is_cut_off and r.run.message],
    }


def digest_of(result: Result, pushes: Sequence[Push], made: Mapping[str, str]) -> str:
    """SHA-256 over what would be done: equal for two previews that would do the same, whenever they were made.

    Commit ids hold times, so trees and messages stand in their place, wherever a text names the id. `made`: commits
    that the preview made, and their trees.
    """
    stand_ins = _list_stand_ins(result, made)
    matters = {
        "steps": result["steps"],
        "pushes": [
            {key: push[key] for key in ("aliases", "repo_url", "branch", "tag", "force", "head_tree", "diff")}
            | {"commits": _describe_commits(compared.comparison)}
            for push, compared in zip(result["pushes"], pushes, strict=True)
        ],
        "stop": result["stop"],
    }
    text = json.dumps(_without_ids(matters, stand_ins), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
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


def _describe_pushes(pushes: Sequence[Push]) -> list[dict[str, Any]]:
    room, described = _MOST_DIFF_BYTES, []
    for push in pushes:
        size = len(push.comparison.diff.encode("utf-8", "replace"))
        described.append(_describe_push(push, is_shown=size <= room))
        room -= size if size <= room else 0
    return described


def _describe_push(push: Push, *, is_shown: bool) -> dict[str, Any]:
    found = push.comparison
    return {
        "aliases": list(push.aliases),
        "repo_url": push.would.repo_url,
        "branch": push.would.branch,
        "tag": push.would.tag,
        "force": push.would.force,
        "base_sha": found.base,
        "head_sha": found.head,
        "head_tree": found.head_tree,
        "commits": [{"sha": commit.id, "subject": commit.subject} for commit in found.commits],
        "diff": found.diff if is_shown else "",
        "is_cut": found.is_cut or not is_shown,
        "file_count": len(found.files),
        "files": [
            {"path": file.path, "old_path": file.old_path, "added": file.added, "removed": file.removed}
            for file in found.files[:_MOST_FILES]
        ],
        "added": sum(file.added or 0 for file in found.files),
        "removed": sum(file.removed or 0 for file in found.files),
    }


def _describe_commits(comparison: Comparison) -> list[list[str]]:
    """Without the empty commits that begin a branch: made in the same second, they are one for all branches."""
    commits = [[commit.tree, commit.message] for commit in comparison.commits]
    return commits if comparison.base else [c for c in commits if c[0] not in _EMPTY_TREES]


def _list_stand_ins(result: Result, made: Mapping[str, str]) -> dict[str, str]:
    """What stands for the ids of commits that the preview made."""
    unpushed = {
        str(step["output"]["commit"]): f"commit of step {step['alias']}"
        for step in result["steps"]
        if step["kind"] == "git-commit" and step["status"] == StepStatus.SUCCEEDED
    }
    return unpushed | {commit: f"commit of tree {tree}" for commit, tree in made.items()}


def _without_ids(value: Any, stand_ins: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _ID.sub(lambda match: _stand_in(match[0], stand_ins), value)
    if isinstance(value, Mapping):
        return {key: _without_ids(item, stand_ins) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_ids(item, stand_ins) for item in value]
    return value


def _stand_in(text: str, stand_ins: Mapping[str, str]) -> str:
    return next((stands for commit, stands in stand_ins.items() if commit.startswith(text)), text)
