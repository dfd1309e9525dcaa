"""Reads settings from the environment. A bad value stops start-up with a message that names it.

Every value may stand in a file instead: `NAME_FILE=/run/secrets/name` is read when `NAME` is not set.
"""

import contextlib
import os
import re
from datetime import timedelta
from pathlib import Path

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h)$")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class BadSetting(Exception):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name}={value!r} cannot be used: expected {expected}. Change it or unset it.")


def env_text(name: str, default: str = "") -> str:
    """The text of NAME, else of the file that NAME_FILE names, else the default."""
    if name in os.environ:
        return os.environ[name]
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE", path, "a readable file") from error
    return default


def env_bool(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off."""
    text = env_text(name).strip().lower()
    if not text:
        return default
    if text not in _TRUE | _FALSE:
        raise BadSetting(name, text, "true or false")
    return text in _TRUE


def env_int(name: str, default: int, *, at_least: int = 0) -> int:
    """A whole number not below `at_least`."""
    text = env_text(name).strip()
    if not text:
        return default
    if not text.removeprefix("-").isdigit() or int(text) < at_least:
        raise BadSetting(name, text, f"a whole number of at least {at_least}")
    return int(text)


def env_timedelta(name: str, default: timedelta) -> timedelta:
    """A duration such as 500ms, 30s, 5m or 1h."""
    text = env_text(name).strip()
    if not text:
        return default
    match = _DURATION.match(text)
    if match is None:
        raise BadSetting(name, text, "a duration such as 500ms, 30s, 5m or 1h")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def env_choice(name: str, choices: tuple[str, ...]) -> str:
    """One of the words in `choices`; the first when nothing is set."""
    text = env_text(name).strip()
    if text and text not in choices:
        raise BadSetting(name, text, f"one of {', '.join(choices)}")
    return text or choices[0]


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Comma separated words, blanks around them dropped."""
    text = env_text(name).strip()
    return [word.strip() for word in text.split(",") if word.strip()] if text else list(default)


def env_secret(name: str, file: Path, *, length: int = 50) -> str:
    """The secret in NAME or NAME_FILE; otherwise one made at first start and kept in `file` with mode 0600."""
    from django.core.management.utils import get_random_secret_key

    if text := env_text(name):
        if len(text) < length:
            raise BadSetting(name, "***", f"at least {length} characters")
        return text
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        with contextlib.suppress(FileExistsError):
            _appear(draft, file)
        draft.unlink()
    return file.read_text().strip()


def _appear(draft: Path, file: Path) -> None:
    """Give the content of `draft` the name `file`. Raises FileExistsError when another process was quicker."""
    try:
        # A link appears whole or not at all, so two processes starting at once read the same key.
        os.link(draft, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.write(draft.read_text())
