"""The tables behind the template tags: the icon and colour of a word, the drawing of a name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """How one status is shown: an icon name and a tone (the CSS class is `is-<tone>`)."""

    icon: str
    tone: str


_OK = Mark("circle-check", "ok")
_RUNNING = Mark("loader", "run")
_WAITING = Mark("clock", "wait")
_FAILED = Mark("circle-x", "fail")
_STOPPED = Mark("circle-slash", "stop")
_EMPTY = Mark("circle-dashed", "idle")

# Keys are words as people read them, in lower case; phases of every kind share the table.
STATUS_MARKS: dict[str, Mark] = {
    "verified": Mark("badge-check", "ok"),
    "approved": Mark("badge-check", "ok"),
    "healthy": _OK,
    "on": _OK,
    "succeeded": _OK,
    "successful": _OK,
    "passed": _OK,
    "running": _RUNNING,
    "verifying": _RUNNING,
    "refreshing": _RUNNING,
    "progressing": _RUNNING,
    "aborting": _RUNNING,
    "queued": Mark("queue", "idle"),
    "pending": Mark("queue", "idle"),
    "waiting": _WAITING,
    "soaking": _WAITING,
    "window closed": Mark("calendar", "wait"),
    "held": Mark("pause", "wait"),
    "paused": Mark("pause", "wait"),
    "suspended": Mark("pause", "wait"),
    "waiting for pr": Mark("pull-request", "wait"),
    "inconclusive": Mark("question", "wait"),
    "needs you": Mark("hand", "human"),
    "needs approval": Mark("hand", "human-outline"),
    "failed": _FAILED,
    "errored": _FAILED,
    "error": _FAILED,
    "unhealthy": _FAILED,
    "degraded": _FAILED,
    "aborted": _STOPPED,
    "rejected": _STOPPED,
    "quarantined": Mark("shield", "stop"),
    "skipped": Mark("forward", "idle"),
    "not run": _EMPTY,
    "empty": _EMPTY,
    "not applicable": _EMPTY,
    "unknown": Mark("signal-slash", "idle"),
}
UNKNOWN_MARK = STATUS_MARKS["unknown"]

ARTIFACT_ICONS: dict[str, str] = {"image": "image", "git": "git", "chart": "helm", "generic": "generic"}

# Our name -> the name in the `heroicons` package. Names that are equal on both sides are listed too:
# a template can only use what stands here or in DRAWINGS.
HEROICONS: dict[str, str] = {
    "archive": "archive-box",
    "arrow-down": "arrow-down",
    "arrow-left": "arrow-left",
    "arrow-right": "arrow-right",
    "arrow-up": "arrow-up",
    "badge-check": "check-badge",
    "calendar": "calendar",
    "check": "check",
    "chevron-down": "chevron-down",
    "chevron-right": "chevron-right",
    "circle-check": "check-circle",
    "circle-slash": "no-symbol",
    "circle-x": "x-circle",
    "clock": "clock",
    "close": "x-mark",
    "copy": "square-2-stack",
    "download": "arrow-down-tray",
    "edit": "pencil",
    "external": "arrow-top-right-on-square",
    "eye-off": "eye-slash",
    "forward": "forward",
    "generic": "archive-box",
    "hand": "hand-raised",
    "helm": "lifebuoy",
    "image": "cube",
    "info": "information-circle",
    "loader": "arrow-path",
    "lock": "lock-closed",
    "menu": "ellipsis-horizontal",
    "minus": "minus",
    "moon": "moon",
    "pause": "pause",
    "person": "user-circle",
    "plus": "plus",
    "projects": "squares-2x2",
    "question": "question-mark-circle",
    "queue": "queue-list",
    "refresh": "arrow-path",
    "rollback": "arrow-uturn-left",
    "search": "magnifying-glass",
    "settings": "cog-6-tooth",
    "shield": "shield-exclamation",
    "signal-slash": "signal-slash",
    "sign-out": "arrow-right-start-on-rectangle",
    "star": "star",
    "sun": "sun",
    "system": "computer-desktop",
    "warehouse": "building-storefront",
    "warning": "exclamation-triangle",
}

# What no icon of the package shows: drawn on its 16 px grid, 1.5 px lines.
DRAWINGS: dict[str, str] = {
    "circle-dashed": '<circle cx="8" cy="8" r="5.75" stroke-dasharray="2.2 2.3"/>',
    "git": '<circle cx="8" cy="8" r="2.75"/><path d="M1 8h4.25M10.75 8H15"/>',
    "pull-request": (
        '<circle cx="4" cy="3.5" r="1.75"/><circle cx="4" cy="12.5" r="1.75"/>'
        '<circle cx="12" cy="12.5" r="1.75"/>'
        '<path d="M4 5.25v5.5M12 10.75V6a2 2 0 0 0-2-2H8.5M10 2 8 4l2 2"/>'
    ),
}
