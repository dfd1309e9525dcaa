"""A file that is filled from afar, and stops being filled when somebody asks for it."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from integrations.errors import Aborted

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class StoppableFile(io.FileIO):
    """Takes over a file descriptor. A download comes in pieces; each write asks first and raises Aborted."""

    def __init__(self, handle: int, should_stop: Callable[[], bool]) -> None:
        super().__init__(handle, "w+b")
        self._should_stop = should_stop

    def write(self, data: "ReadableBuffer", /) -> int:
        if self._should_stop():
            raise Aborted("The download was stopped on request")
        return super().write(data)
