"""Random documents: an update changes one value and nothing else, whatever the style of the document."""

import copy
import io

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from promotions.files.yaml import read_yaml, update_yaml

NAMES = st.text(alphabet="abcxyz.:-_ 019~#", min_size=1, max_size=6).filter(lambda name: name == name.strip())
TEXTS = st.text(max_size=20) | st.sampled_from(["a\nb\n", "x: y", "yes", "1.0", "- a", "\n", " a\n b", "a\n\n"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
DATA = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def _list_leaves(value, path=()):
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _list_leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in _list_leaves(item, (*path, index))]
    return [path]


def _spell_key(path):
    return ".".join(str(part).replace(".", "\\.").replace(":", "\\:") for part in path)


def _put(data, path, value):
    result = copy.deepcopy(data)
    place = result
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return result


def _dump(data, *, flow, quote):
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    yaml.default_style = quote
    yaml.allow_unicode = True
    text = io.StringIO()
    yaml.dump(data, text)
    return "# top\n" + text.getvalue() + "# end\n"


def _is_readable(text):
    """ruamel writes some documents that it cannot read itself."""
    try:
        YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return False
    return True


@settings(max_examples=100, deadline=None)
@given(
    data=DATA,
    value=SCALARS,
    flow=st.sampled_from([True, False, None]),
    quote=st.sampled_from([None, '"', "|"]),
    pick=st.data(),
)
def test_an_update_changes_one_value_and_nothing_else(data, value, flow, quote, pick):
    leaves = _list_leaves(data)
    if not leaves:
        return
    text = _dump(data, flow=flow, quote=quote)
    assume(_is_readable(text))
    before = read_yaml(text.encode())
    path = pick.draw(st.sampled_from(leaves))

    edited = update_yaml(text.encode(), [(_spell_key(path), value)])

    assert read_yaml(edited) == _put(before, path, value)
    assert edited.startswith(b"# top\n")
    assert edited.endswith(b"# end\n")
