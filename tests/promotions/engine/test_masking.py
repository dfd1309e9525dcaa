"""Secrets never leave a step in a form that can be read."""

import base64
from urllib.parse import quote

import pytest

from promotions.engine.masking import MASK, Masker

SECRET = "p@ss/word+1 &x"


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        quote(SECRET, safe=""),
        SECRET.replace(" ", "+"),
    ],
    ids=["plain", "base64", "base64url", "unpadded", "percent", "plus"],
)
def test_hides_every_form_of_a_secret(shown):
    if shown == SECRET.replace(" ", "+"):
        shown = quote(SECRET, safe=" ").replace(" ", "+")

    masked = Masker([SECRET]).text(f"https://user:{shown}@host")

    assert shown not in masked
    assert MASK in masked


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("user", ["", "b", "bo", "bot"])
def test_hides_a_secret_in_the_base64_of_a_login(user, encode):
    secret = "p>ss?word~"
    shown = encode(f"{user}:{secret}:x".encode()).decode()

    masked = Masker([secret]).text(f"Authorization: Basic {shown}")

    head, _, tail = masked.removeprefix("Authorization: Basic ").partition(MASK)
    assert MASK in masked
    # What is left holds the neighbours and at most the bits that they share with the secret.
    assert shown.startswith(head)
    assert shown.endswith(tail)
    assert len(head) <= len(base64.b64encode(f"{user}:".encode()).decode().rstrip("="))
    assert len(tail) <= len("fjp4==")


def test_hides_each_line_of_a_key():
    key = "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----"

    masked = Masker([key]).text("line: ijklmnop")

    assert masked == f"line: {MASK}"


def test_hides_the_longer_of_two_overlapping_secrets_whole():
    assert Masker(["token", "token-of-root"]).text("token-of-root") == MASK


def test_leaves_texts_too_short_to_be_secrets():
    assert Masker(["abc", ""]).text("abc def") == "abc def"


def test_hides_secrets_anywhere_in_a_value():
    masked = Masker(["hunter22"]).value({"a": ["x hunter22", 1, None, True], "hunter22": {"b": "hunter22"}})

    assert masked == {"a": [f"x {MASK}", 1, None, True], MASK: {"b": MASK}}
