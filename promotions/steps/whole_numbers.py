"""Fields of a config that must be a whole number: 3 and 3.0 alike. Pure.

Source: Kargo's schema check; JSON does not tell the two apart, and expressions give whole numbers as floats at times.
"""

from typing import Annotated

from pydantic import BeforeValidator


def _read_whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_read_whole)]
