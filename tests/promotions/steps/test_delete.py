import pytest

from promotions.steps.base import Done, StepErrored, StepFailed


@pytest.fixture
def tree(bench):
    for path in ("a", "d/x", "d/.hidden", "d/e/y", "k/keep.yaml", "k/gone.json"):
        bench.write(path)
    return bench


@pytest.mark.parametrize(
    ("config", "left"),
    [
        ({"path": "a"}, ["d/.hidden", "d/e/y", "d/x", "k/gone.json", "k/keep.yaml"]),
        ({"path": "/a"}, ["d/.hidden", "d/e/y", "d/x", "k/gone.json", "k/keep.yaml"]),
        ({"path": "d"}, ["a", "k/gone.json", "k/keep.yaml"]),
        ({"paths": ["a", "d", "d/x", "a"]}, ["k/gone.json", "k/keep.yaml"]),
        ({"paths": ["a", "d", "d/x", "a"], "strict": True}, ["k/gone.json", "k/keep.yaml"]),
        ({"path": "d/*", "pathsAreGlobs": True}, ["a", "k/gone.json", "k/keep.yaml"]),
        ({"path": "./**/*.{json,xml}", "pathsAreGlobs": True}, ["a", "d/.hidden", "d/e/y", "d/x", "k/keep.yaml"]),
        ({"path": "k/[!k]*", "pathsAreGlobs": True}, ["a", "d/.hidden", "d/e/y", "d/x", "k/keep.yaml"]),
        ({"path": "**", "pathsAreGlobs": True}, []),
        ({"path": "k/*", "pathsAreGlobs": False}, ["a", "d/.hidden", "d/e/y", "d/x", "k/gone.json", "k/keep.yaml"]),
    ],
)
def test_deletes_what_is_named(tree, config, left):
    assert tree.run("delete", config) == Done()
    assert tree.files() == left


@pytest.mark.parametrize(
    "config",
    [
        {"path": "nope"},
        {"path": "nope/deeper"},
        {"path": "a/below-a-file"},
        {"paths": ["nope", "none"]},
        {"path": "nope*", "pathsAreGlobs": True},
    ],
)
def test_deleting_what_is_not_there_succeeds(tree, config):
    before = tree.files()

    assert tree.run("delete", config) == Done()
    assert tree.files() == before


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"path": "nope"}, '^path "nope" does not exist$'),
        ({"path": "nope/deeper"}, '^path "nope/deeper" does not exist$'),
        ({"paths": ["a", "nope"]}, '^path "nope" does not exist$'),
        ({"paths": ["a", "nope*"], "pathsAreGlobs": True}, r'^no paths matched pattern "nope\*"$'),
    ],
)
def test_deleting_what_is_not_there_ends_the_step_when_strict_and_deletes_nothing(tree, config, message):
    before = tree.files()

    with pytest.raises(StepErrored, match=message) as caught:
        tree.run("delete", {**config, "strict": True})

    assert not caught.value.permanent
    assert tree.files() == before


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "path", ["..", "../x", "d/../../x", ".", "/", "out/file", "d/..", ".kargoweb", ".kargoweb/x"]
)
def test_never_leaves_the_work_tree(tree, tmp_path, path, strict):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (tree.workdir / "out").symlink_to(outside)
    before = tree.files()

    with pytest.raises(StepErrored, match=r"traverse outside the working directory|not for steps"):
        tree.run("delete", {"paths": ["a", path], "strict": strict})

    assert tree.files() == before
    assert (outside / "file").exists()


@pytest.mark.parametrize("pattern", ["../*", "/../*", "out/*", "{d,../..}/*", "out/{file,x}"])
def test_globs_never_leave_the_work_tree(tree, tmp_path, pattern):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (tree.workdir / "out").symlink_to(outside)

    with pytest.raises(StepErrored, match="traverse outside the working directory"):
        tree.run("delete", {"path": pattern, "pathsAreGlobs": True})

    assert (outside / "file").exists()
    assert "a" in tree.files()


def test_a_link_is_removed_and_not_followed(tree, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (tree.workdir / "link").symlink_to(outside)
    (tree.workdir / "dangling").symlink_to("nowhere")

    tree.run("delete", {"paths": ["link", "dangling"], "strict": True})

    assert (outside / "file").exists()
    assert "link" not in tree.files()
    assert "dangling" not in tree.files()


def test_a_directory_with_a_link_to_the_outside_is_deleted_without_it(tree, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (tree.workdir / "d/link").symlink_to(outside)

    tree.run("delete", {"path": "d"})

    assert (outside / "file").exists()
    assert not (tree.workdir / "d").exists()


@pytest.mark.parametrize("strict", [True, False])
def test_other_errors_still_end_the_step(tree, strict):
    name = "n" * 300  # longer than a file system allows

    with pytest.raises(StepErrored, match="File name too long") as caught:
        tree.run("delete", {"path": name, "strict": strict})

    assert "secret-place" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["[", "a[", "[]", "{a", "a}", "a\\", "[!]"])
def test_a_broken_pattern_ends_the_step_for_good(tree, pattern):
    with pytest.raises(StepErrored, match="not a valid glob pattern") as caught:
        tree.run("delete", {"path": pattern, "pathsAreGlobs": True})

    assert caught.value.permanent


def test_globs_do_not_see_our_own_directory(tree):
    tree.run("file-write", {"path": "new", "contents": "x"})

    tree.run("delete", {"paths": ["**", ".*"], "pathsAreGlobs": True})

    assert tree.files() == []
    assert (tree.workdir / ".kargoweb").is_dir()


def test_a_strict_delete_that_was_interrupted_finishes_in_its_next_try(tree):
    stops = iter([False, True])
    tree.should_stop = lambda: next(stops)
    config = {"paths": ["a", "d", "k/*"], "pathsAreGlobs": True, "strict": True}
    with pytest.raises(Exception, match="stopped on request"):
        tree.run("delete", config, alias="clean")
    assert "a" not in tree.files()
    tree.should_stop = lambda: False

    assert tree.run("delete", config, alias="clean") == Done()
    assert tree.run("delete", config, alias="clean") == Done()

    assert tree.files() == []
    with pytest.raises(StepErrored, match="no paths matched"):
        tree.run("delete", config, alias="another")


@pytest.mark.parametrize(
    "config",
    [{}, {"path": "a", "paths": ["b"]}, {"path": ""}, {"paths": []}, {"paths": [""]}, {"path": "", "paths": ["a"]}],
)
def test_wants_exactly_one_of_path_and_paths(bench, config):
    with pytest.raises(StepFailed, match="invalid delete config"):
        bench.run("delete", config)
