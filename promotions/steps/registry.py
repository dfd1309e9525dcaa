"""All kinds of steps, as a literal table."""

from typing import Any

from promotions.steps import (
    compose_output,
    copy,
    delete,
    fail,
    file_write,
    git_clear,
    git_clone,
    git_commit,
    git_push,
    http,
    kustomize_set_image,
    set_metadata,
    yaml_update,
)
from promotions.steps.base import Step

_STEPS: dict[str, Step[Any]] = {
    "compose-output": compose_output.STEP,
    "copy": copy.STEP,
    "delete": delete.STEP,
    "fail": fail.STEP,
    "file-write": file_write.STEP,
    "git-clear": git_clear.STEP,
    "git-clone": git_clone.STEP,
    "git-commit": git_commit.STEP,
    "git-push": git_push.STEP,
    "http": http.STEP,
    "kustomize-set-image": kustomize_set_image.STEP,
    "set-metadata": set_metadata.STEP,
    "yaml-update": yaml_update.STEP,
}


def find_step(kind: str) -> Step[Any] | None:
    """The step of a kind (`uses` in a template), or None."""
    return _STEPS.get(kind)


def list_steps() -> list[Step[Any]]:
    """All steps by kind."""
    return [_STEPS[kind] for kind in sorted(_STEPS)]
