"""Lines of a promotion's log for page, range, download and stream: numbered from 1, in order, without gaps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from promotions.models import LogBatch, Promotion
from promotions.phases import TERMINAL
from promotions.queries.ansi import line_to_html, plain_text

# Characters of a line that are shown at once; the rest comes on demand.
SHOWN_CHARACTERS = 4096
_BATCHES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `heading` is set on the first line of a step."""

    number: int
    at: datetime
    html: SafeString
    is_error: bool
    hidden_characters: int
    heading: str


@dataclass(frozen=True, slots=True)
class LogPart:
    """Consecutive lines of one log. `final_count` is None while lines may still come."""

    project_name: str
    promotion_number: int
    lines: tuple[LogLine, ...]
    final_count: int | None

    @property
    def last(self) -> int:
        """The number of the last line here; 0 for none."""
        return self.lines[-1].number if self.lines else 0


def read_after(promotion_id: int, after: int) -> LogPart | None:
    """The next lines after number `after`, some batches at most; None when the promotion is gone.

    When nothing comes and `final_count` is at most `after`, the log has ended.
    """
    promotion = Promotion.objects.filter(pk=promotion_id).select_related("project").first()
    if promotion is None:
        return None
    batches = promotion.log_batches.filter(last_line__gte=after)[:_BATCHES_AT_ONCE]
    return _part(promotion, _lines(promotion, batches.iterator(), first=after + 1))


def read_range(promotion: Promotion, first: int, last: int, *, whole_lines: bool = False) -> LogPart:
    """The lines with these numbers, as far as they exist."""
    batches = promotion.log_batches.filter(last_line__gte=first - 1, first_line__lte=last)
    lines = _lines(promotion, batches.iterator(), first=first, whole_lines=whole_lines)
    return _part(promotion, (line for line in lines if line.number <= last))


def iterate_text(promotion: Promotion) -> Iterator[str]:
    """The whole log as plain text, a piece at a time."""
    for batch in promotion.log_batches.iterator(chunk_size=100):
        yield "".join(f"{batch.at:%Y-%m-%dT%H:%M:%SZ} {plain_text(text)}\n" for _, text in batch.lines)


def _part(promotion: Promotion, lines: Iterator[LogLine]) -> LogPart:
    ended = promotion.phase in TERMINAL
    final_count = promotion.log_line_count if ended else None
    return LogPart(promotion.project.name, promotion.number, tuple(lines), final_count)


def _lines(
    promotion: Promotion, batches: Iterator[LogBatch], *, first: int, whole_lines: bool = False
) -> Iterator[LogLine]:
    """Lines from `first` on. Ends before a gap: what is missing there has not been committed yet."""
    step: int | None = None
    expected = first
    for batch in batches:
        if batch.first_line > expected:
            return
        expected = batch.last_line + 1
        for number, (stream, text) in enumerate(batch.lines, start=batch.first_line):
            is_new_step, step = batch.step_index != step, batch.step_index
            if number < first:
                continue
            heading = _heading(promotion, batch.step_index) if is_new_step else ""
            yield _line(number, batch.at, stream, text, heading, whole_lines)


def _line(number: int, at: datetime, stream: str, text: str, heading: str, whole: bool) -> LogLine:
    hidden = 0 if whole else max(0, len(text) - SHOWN_CHARACTERS)
    html = line_to_html(text[:SHOWN_CHARACTERS] if hidden else text)
    return LogLine(number, at, html, stream == "err", hidden, heading)


def _heading(promotion: Promotion, index: int) -> str:
    if index >= len(promotion.steps):
        return ""
    step = promotion.steps[index]
    return f"{index + 1} {step['as']} · {step['uses']}"
