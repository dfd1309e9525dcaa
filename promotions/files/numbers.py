"""Numbers as text without an exponent, as JSON, TOML and HCL files have them. Pure."""

import math
from decimal import Decimal

from promotions.files.errors import DocumentError


def write_number(value: float) -> str:
    """The shortest decimal text that reads back as the number. Raises DocumentError for NaN and infinity."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise DocumentError(f"the new value is {value}, which is no number that the file can hold")
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
