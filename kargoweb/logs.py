"""Log lines of the site itself: plain for people, JSON for machines; both show the facts in `extra`."""

import logging

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _OWN_FIELDS and key[0] != "_"}


class PlainFormatter(logging.Formatter):
    """`12:00:01 INFO  promotions.engine  Promotion moved  promotion=412 to=Running`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s  %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's own name)
        facts = " ".join(f"{key}={value}" for key, value in _facts(record).items())
        return f"{super().formatMessage(record)}  {facts}".rstrip()


class JsonFormatter(_JsonFormatter):
    """One JSON object a line: time, level, logger, message and the facts."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
