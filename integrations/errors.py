"""What can go wrong between us and an outside system.

One question decides what a caller does next, so every error answers it: `permanent` means that the same
call will fail again until a person changes something; anything else may be tried again.

    IntegrationError
      Unauthorized  NotFound  Rejected  IntegrationConflict  Aborted       permanent
      Unreachable  RateLimited  PushRejected  TimedOut                     may be tried again
"""

from datetime import timedelta


class IntegrationError(Exception):
    """An outside system could not do what we asked. The message is fit to be shown and holds no secret."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent

    def __str__(self) -> str:
        return self.message


class Unauthorized(IntegrationError):
    """The other side does not accept our credentials, or wants some."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NotFound(IntegrationError):
    """The repository, branch, image or object is not there, or is hidden from these credentials."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Unreachable(IntegrationError):
    """No answer: connection refused, name unknown, server error, transfer too slow."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class RateLimited(IntegrationError):
    """The other side asks us to slow down; `retry_after` is None when it does not say how long."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message, permanent=False)
        self.retry_after = retry_after


class Rejected(IntegrationError):
    """The other side understood and refused: a hook, a protected branch, a tag that exists already."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class PushRejected(IntegrationError):
    """The remote branch moved on: integrate its new commits, then push again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class IntegrationConflict(IntegrationError):
    """Remote changes and ours touch the same lines; only a person or a new promotion can settle it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Aborted(IntegrationError):
    """The command was killed because somebody asked to stop."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class TimedOut(IntegrationError):
    """The command was killed because its time was over."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)
