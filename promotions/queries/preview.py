"""What is shown of a preview: how far it is, what would be pushed and done, whether it still holds."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from projects.access import Rights
from projects.models import Project
from promotions.models import Preview, PreviewPhase
from promotions.phases import StepStatus
from promotions.previews import CUT_OFF, find_refusal, why_outdated
from promotions.queries.diffs import FileDiff, read_diff

_SHORT, _SHORT_DIGEST = 7, 12
_LONGEST_OUTPUT = 4000
# A check that takes longer waits for workers that are away: the page does not go on asking.
_CHECK_TAKES = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class PushView:
    """One branch (or tag) as it would be. `base` is empty for a new one."""

    repo: str
    branch: str
    tag: str
    base: str
    head: str
    is_forced: bool
    # The branch gets another name when it is really made.
    is_named_after_promotion: bool
    commits: tuple[str, ...]
    files: tuple[FileDiff, ...]
    file_count: int
    added: int
    removed: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PreviewStep:
    """One step. `phase` picks the icon, `word` is what people read."""

    number: int
    alias: str
    kind: str
    phase: str
    word: str
    message: str
    output: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """All that is shown. `outdated`: what changed since; `refusal`: why the person may not ask for another one."""

    preview: Preview
    phase: str
    word: str
    sentence: str
    done: int
    total: int
    pushes: tuple[PushView, ...]
    effects: tuple[PreviewStep, ...]
    steps: tuple[PreviewStep, ...]
    stop_alias: str
    stop_reason: str
    outdated: str
    digest: str
    is_checking: bool
    refusal: str

    @property
    def is_live(self) -> bool:
        """True while the page should ask again."""
        return self.preview.is_live or self.is_checking


def find_preview(project: Project, number: int) -> Preview | None:
    """The preview with all that is shown of its stage and freight."""
    return _rows().filter(project=project, pk=number).first()


def find_newest(stage_id: int, freight_id: int) -> Preview | None:
    """The newest preview of this freight in this stage, whatever became of it."""
    return _rows().filter(stage_id=stage_id, freight_id=freight_id).first()


def read_preview(preview: Preview, rights: Rights, *, now: datetime) -> PreviewView:
    """What a person with these rights is shown."""
    steps = tuple(_read_step(index, step) for index, step in enumerate(preview.result.get("steps", ()), start=1))
    done = sum(step.phase != "" for step in steps)
    stop = preview.result.get("stop") or {}
    checking = preview.due_at is not None or preview.lease_until is not None
    asked_at = preview.due_at or now
    return PreviewView(
        preview=preview,
        phase="Succeeded" if preview.phase == PreviewPhase.READY else preview.phase,
        word=PreviewPhase(preview.phase).label,
        sentence=_explain(preview, steps, done),
        done=done,
        total=len(steps),
        pushes=tuple(_read_push(preview, push) for push in preview.result.get("pushes", ())),
        effects=tuple(step for step in steps if step.word == CUT_OFF and not _is_push(preview, step)),
        steps=steps,
        stop_alias=stop.get("alias", ""),
        stop_reason=stop.get("reason", ""),
        outdated="" if preview.is_live else why_outdated(preview),
        digest=preview.digest[:_SHORT_DIGEST],
        is_checking=not preview.is_live and checking and asked_at > now - _CHECK_TAKES,
        refusal=find_refusal(rights, preview.stage_name),
    )


def list_diff_texts(preview: Preview) -> list[str]:
    """The stored diffs as they would be read by `git apply`, each under a line that names its branch."""
    return [
        f"# {push['repo_url']} {push['branch'] or push['tag']}\n{push['diff']}"
        + ("# The rest is left out: this diff is too large.\n" if push["is_cut"] else "")
        for push in preview.result.get("pushes", ())
    ]


def _rows() -> QuerySet[Preview]:
    return Preview.objects.select_related("project", "stage", "stage__project", "freight")


def _is_push(preview: Preview, step: PreviewStep) -> bool:
    return any(step.alias in push["aliases"] for push in preview.result.get("pushes", ()))


def _read_step(number: int, step: dict[str, Any]) -> PreviewStep:
    status = step["status"]
    icon = "Not run" if status == CUT_OFF else status
    output = json.dumps(step["output"], indent=2, ensure_ascii=False) if step["output"] else ""
    if len(output) > _LONGEST_OUTPUT:
        output = f"{output[:_LONGEST_OUTPUT]}\n… ({len(output) - _LONGEST_OUTPUT} more characters)"
    word = status or "Not reached"
    return PreviewStep(number, step["alias"], step["kind"], icon, word, step["message"], output)


def _read_push(preview: Preview, push: dict[str, Any]) -> PushView:
    return PushView(
        repo=push["repo_url"],
        branch=push["branch"],
        tag=push["tag"],
        base=(push["base_sha"] or "")[:_SHORT],
        head=push["head_sha"][:_SHORT],
        is_forced=push["force"] and bool(push["base_sha"]),
        is_named_after_promotion=preview.name in push["branch"],
        commits=tuple(commit["subject"] for commit in push["commits"]),
        files=tuple(read_diff(push["diff"], push["files"])),
        file_count=push["file_count"],
        added=push["added"],
        removed=push["removed"],
        is_cut=push["is_cut"],
    )


def _explain(preview: Preview, steps: tuple[PreviewStep, ...], done: int) -> str:
    if preview.phase == PreviewPhase.PENDING:
        return "Waits for a worker."
    if preview.phase == PreviewPhase.RUNNING:
        if not steps:
            return "Running the first step."
        return f"{done} of {len(steps)} steps done."
    if preview.phase == PreviewPhase.FAILED:
        culprit = next((s for s in steps if s.phase in (StepStatus.FAILED, StepStatus.ERRORED)), None)
        where = f"The promotion would fail at step {culprit.alias}: " if culprit else ""
        return where + preview.message
    pushes = preview.result.get("pushes", ())
    if not pushes:
        return "Nothing would be pushed." if not preview.result.get("stop") else ""
    files, targets = sum(push["file_count"] for push in pushes), len(pushes)
    where = f'branch "{pushes[0]["branch"]}"' if targets == 1 and pushes[0]["branch"] else f"{targets} branches"
    return f"{files} file{'' if files == 1 else 's'} would change in {where}."
