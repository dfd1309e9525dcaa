"""The environment of the expression tests: the one the test vectors of the language were observed with."""

from typing import Any

import pytest

from expressions import ExpressionError, Function, Record, StringMap


def image_from(url: str) -> Record | None:
    if url != "found":
        return None
    names = {"RepoURL": "repoURL", "Tag": "tag", "Digest": "digest"}
    return Record("imageFrom(...)", {"RepoURL": "ghcr.io/shop", "Tag": "1.10", "Digest": ""}, names)


def secret(name: str) -> StringMap:
    if not name:
        raise ExpressionError("secret() needs a name")
    return StringMap({"user": "alice"} if name == "x" else {})


@pytest.fixture
def env() -> dict[str, Any]:
    return {
        "vars": {
            "s": "hi",
            "num": 3.0,
            "str3": "3",
            "uni": "héllo",
            "list": ["a", "b"],
            "ints": [1, 2, 3],
            "m": {"a": 1},
            "nilv": None,
            "b": True,
            "objs": [{"n": "x", "v": 2}, {"n": "y", "v": 1}],
        },
        "imageFrom": Function("imageFrom", image_from, 1, 2, (str,)),
        "secret": Function("secret", secret, 1, 1, (str,)),
    }
