"""Settings come from the environment, and a bad value stops the start with its name."""

import errno
import os
from datetime import timedelta

import pytest

from kargoweb.env import BadSetting, env_bool, env_choice, env_int, env_list, env_secret, env_text, env_timedelta


@pytest.fixture
def given(monkeypatch):
    return monkeypatch.setenv


def test_reads_a_value_from_the_file_that_is_named(given, tmp_path):
    (tmp_path / "url").write_text("postgres://db\n")
    given("KARGOWEB_X_FILE", str(tmp_path / "url"))

    assert env_text("KARGOWEB_X") == "postgres://db"


def test_a_value_outranks_the_file(given, tmp_path):
    given("KARGOWEB_X_FILE", str(tmp_path / "missing"))
    given("KARGOWEB_X", "direct")

    assert env_text("KARGOWEB_X") == "direct"


def test_a_file_that_cannot_be_read_stops_the_start(given, tmp_path):
    given("KARGOWEB_X_FILE", str(tmp_path / "missing"))

    with pytest.raises(BadSetting, match=r"KARGOWEB_X_FILE=.*expected a readable file"):
        env_text("KARGOWEB_X")


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("ON", True), ("0", False), ("", True)])
def test_reads_yes_and_no(given, text, value):
    given("KARGOWEB_X", text)

    assert env_bool("KARGOWEB_X", True) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", timedelta(milliseconds=500)), ("1.5h", timedelta(minutes=90)), ("", timedelta(seconds=7))],
)
def test_reads_durations(given, text, value):
    given("KARGOWEB_X", text)

    assert env_timedelta("KARGOWEB_X", timedelta(seconds=7)) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: env_bool("KARGOWEB_X", True), "perhaps"),
        (lambda: env_int("KARGOWEB_X", 1, at_least=1), "0"),
        (lambda: env_int("KARGOWEB_X", 1), "many"),
        (lambda: env_timedelta("KARGOWEB_X", timedelta(0)), "5 minutes"),
    ],
    ids=["bool", "too small", "no number", "duration"],
)
def test_a_bad_value_names_the_setting_and_what_is_expected(given, read, text):
    given("KARGOWEB_X", text)

    with pytest.raises(BadSetting, match=f"KARGOWEB_X='{text}' cannot be used: expected .*unset it"):
        read()


def test_lists_drop_blanks(given):
    given("KARGOWEB_X", "a, b ,,c")

    assert env_list("KARGOWEB_X") == ["a", "b", "c"]


def test_a_key_is_made_once_and_kept_private(tmp_path):
    file = tmp_path / "deep" / "secret.key"

    first, second = env_secret("KARGOWEB_NO_KEY", file), env_secret("KARGOWEB_NO_KEY", file)

    assert first == second
    assert len(first) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_key_is_made_once_on_a_file_system_without_hard_links(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    file = tmp_path / "secret.key"

    first, second = env_secret("KARGOWEB_NO_KEY", file), env_secret("KARGOWEB_NO_KEY", file)

    assert first == second
    assert len(first) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_short_key_is_refused_without_showing_it(given, tmp_path):
    given("KARGOWEB_X", "short")

    with pytest.raises(BadSetting) as caught:
        env_secret("KARGOWEB_X", tmp_path / "key")

    assert "short" not in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("", "rebase"), (" merge ", "merge"), ("rebase", "rebase")])
def test_a_choice_is_one_of_its_words_or_the_first(given, text, value):
    given("KARGOWEB_X", text)

    assert env_choice("KARGOWEB_X", ("rebase", "merge")) == value


def test_another_word_stops_the_start(given):
    given("KARGOWEB_X", "squash")

    with pytest.raises(BadSetting, match="KARGOWEB_X='squash' cannot be used: expected one of rebase, merge"):
        env_choice("KARGOWEB_X", ("rebase", "merge"))
