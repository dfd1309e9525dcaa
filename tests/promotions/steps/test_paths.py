import pytest

from promotions.steps.paths import PathEscape, confined_join, secure_join


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "hosts").symlink_to("/etc")
    (root / "abs").symlink_to("/a")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "up").symlink_to("../../..")
    (root / "in").symlink_to("a")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b", "a/b"),
        ("/a/b", "a/b"),
        ("../../a", "a"),
        ("a/../../a/b", "a/b"),
        ("in/b", "a/b"),
        ("abs/b", "a/b"),
        ("passwd/x", "etc/passwd/x"),
        ("up/a", "a"),
        ("missing/../a", "a"),
        (".", "."),
    ],
)
def test_secure_join_keeps_every_path_inside(root, text, expected):
    joined = secure_join(root, text)

    assert joined.is_relative_to(root)
    assert joined == root / expected


def test_secure_join_takes_a_link_to_the_outside_for_a_path_inside(root, tmp_path):
    assert secure_join(root, "out/x").is_relative_to(root)


def test_links_in_a_circle_are_an_error(root):
    with pytest.raises(PathEscape, match="too many symbolic links"):
        secure_join(root, "loop")


@pytest.mark.parametrize("text", ["..", "../x", "a/../../x", ".", "/", "", "a/..", "out/x", "hosts/passwd", "up/x"])
def test_confined_join_refuses_to_leave(root, text):
    with pytest.raises(PathEscape, match="attempts to traverse outside"):
        confined_join(root, text)


@pytest.mark.parametrize(
    ("text", "expected"), [("/a/b", "a/b"), ("a/../a", "a"), ("in/b", "a/b"), ("hosts", "hosts")]
)
def test_confined_join_does_not_follow_the_last_part(root, text, expected):
    assert confined_join(root, text) == root / expected


@pytest.mark.parametrize("join", [secure_join, confined_join])
@pytest.mark.parametrize("text", [".kargoweb", ".kargoweb/clones", "a/../.kargoweb/x", ".KargoWeb/x", "link/x"])
def test_our_own_directory_is_out_of_reach(root, join, text):
    (root / ".kargoweb").mkdir()
    (root / "link").symlink_to(".kargoweb")

    with pytest.raises(PathEscape, match="not for steps"):
        join(root, text)
