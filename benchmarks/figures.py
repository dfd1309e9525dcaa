"""How figures are computed and printed: one line each, with its budget beside it."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0..1) of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def report(name: str, value: float, unit: str, *, budget: float | None = None, note: str = "") -> bool:
    """Print one figure; False when it is over its budget."""
    is_kept = budget is None or value <= budget
    limit = "" if budget is None else f"  (budget {budget:g} {unit}: {'kept' if is_kept else 'MISSED'})"
    print(f"{name:58} {value:9.3f} {unit}{limit}{'  ' + note if note else ''}", flush=True)
    return is_kept
