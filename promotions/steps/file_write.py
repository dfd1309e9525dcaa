"""file-write: write text to a file in the work tree.

Source: Kargo docs `promotion-steps/file-write.md`.
Differs: `.git` is refused anywhere in the path; a second try recognises the file that its first try wrote.
"""

import hashlib
import posixpath
from pathlib import Path

from pydantic import Field, model_validator

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepFailed
from promotions.steps.private import make_directories, read_note, write_file, write_note


class Config(StepConfig):
    path: str = Field(min_length=1, description="File to write, relative to the work tree.")
    contents: str = Field(description="The text. A number or a map must pass through quote(), asJSON() or asYAML().")
    permissions: str = Field("0600", pattern="^0[0-7]{3}$", description="Mode, octal; nothing executable.")
    overwrite: bool = Field(False, description="Replace a file that exists.")

    @model_validator(mode="after")
    def refuse_dangerous_permissions(self) -> "Config":
        mode = int(self.permissions, 8)
        if mode & 0o111:
            raise ValueError("permissions: must not make the file executable")
        if mode & 0o002:
            raise ValueError("permissions: must not let everybody write")
        return self


def run(context: StepContext, config: Config) -> Done:
    path = _checked_path(context, config.path)
    data, mode = config.contents.encode(), int(config.permissions, 8)
    if not config.overwrite:
        note = {"path": context.shown(path), "sha256": hashlib.sha256(data).hexdigest(), "mode": mode}
        if path.exists():
            if read_note(context, "file-write") == note and _holds(path, data, mode):
                return Done()
            raise StepFailed(f'file "{config.path}" already exists; set overwrite to true to replace it')
        write_note(context, "file-write", note)
    make_directories(context.workdir, path.parent)
    write_file(context, path, data, mode=mode)
    context.log(f"{config.path}: wrote {len(data)} bytes, mode {config.permissions}", "info")
    return Done()


def _checked_path(context: StepContext, text: str) -> Path:
    if text.startswith("/"):
        raise StepFailed(f'path "{text}" must be relative to the working directory')
    clean = posixpath.normpath(text)
    if clean == ".." or clean.startswith("../"):
        raise StepFailed(f'path "{text}" attempts to traverse outside the working directory')
    parts = clean.split("/")
    if any(part.lower() == ".git" for part in parts):
        raise StepFailed(f'path "{text}" must not lead into a .git directory')
    path = context.workdir / clean
    if context.path(clean) != path:
        raise StepFailed(f'path "{text}" must not lead through a symbolic link')
    return path


def _holds(path: Path, data: bytes, mode: int) -> bool:
    return path.is_file() and path.stat().st_mode & 0o7777 == mode and path.read_bytes() == data


STEP = Step(
    "file-write",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Writes the same file. Without overwrite it accepts what an earlier try of this step wrote.",
)
