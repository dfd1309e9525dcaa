"""The letters that stand for warehouses on cards and lines: one each, the same on every page."""

from collections.abc import Iterable, Mapping
from string import ascii_uppercase, digits

from freight.models import Warehouse
from projects.models import Project


def assign_letters(names: Iterable[str]) -> dict[str, str]:
    """Name -> letter: the first one of the name that is still free, in the order of the names. Pure.

    More warehouses than letters share the first letter of their names.
    """
    given: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names):
        wanted = [char for char in name.upper() if char.isalnum()]
        letter = next((char for char in (*wanted, *ascii_uppercase, *digits) if char not in taken), wanted[0])
        taken.add(letter)
        given[name] = letter
    return given


def read_letters(project: Project) -> dict[str, str]:
    """The letters of the warehouses of a project; freight may name one that was deleted."""
    return assign_letters(Warehouse.objects.filter(project=project).values_list("name", flat=True))


def letter_of(letters: Mapping[str, str], name: str) -> str:
    """The letter of a warehouse, be it deleted or not."""
    return letters.get(name) or name[:1].upper()
