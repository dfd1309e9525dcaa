"""What git can call a branch or tag, judged by git itself too."""

import subprocess

import pytest

from integrations.errors import Rejected
from integrations.git.names import check_name, check_room, find_blocker

BAD = [
    "",
    "-x",
    "--force",
    "@",
    "HEAD",
    "a..b",
    "a b",
    "a\tb",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[b",
    "a\\b",
    "a@{1}",
]
BAD += ["/a", "a/", "a//b", "a.", ".a", "a/.b", "a.lock", "a.lock/b", "a\x7f", "a\nb"]
GOOD = [
    "main",
    "a/b",
    "feature/ü-✓",
    "@x",
    "a@b",
    "dash-/--x",
    "a.b",
    "a-lock",
    "é",
    "refs/heads/a",
    "v1.0+x",
    "#1",
    "a'b",
    "{a}",
]


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_names_that_git_does_not_take_are_refused_with_a_reason(name):
    with pytest.raises(Rejected, match=r"cannot be the name of a branch: .+\. Choose another name"):
        check_name("branch", name)

    assert (
        subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True).returncode or name == "@"
    )


@pytest.mark.parametrize("name", GOOD, ids=ascii)
def test_odd_names_that_git_takes_are_fine(name):
    check_name("branch", name)

    assert subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("name", "existing", "blocker"),
    [
        ("env/uat", ["main", "env"], "env"),
        ("env", ["main", "env/uat"], "env/uat"),
        ("a/b/c", ["a"], "a"),
        ("env", ["environment", "env"], None),
        ("env/uat", ["env/prod", "en"], None),
    ],
)
def test_a_branch_cannot_lie_below_another_one(name, existing, blocker):
    assert find_blocker(name, existing) == blocker


def test_what_is_in_the_way_is_named():
    with pytest.raises(Rejected, match='Branch "a/b" cannot be made in "https://h/r": branch "a" is in its way'):
        check_room("a/b", {"a": "1"}, "https://h/r")
