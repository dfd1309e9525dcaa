"""What a push would bring, compared with the remote branch."""

from integrations.git.comparison import MAX_COMMITS, ChangedFile, compare_push, is_ancestor
from integrations.git.mirror import Wanted


def compare(workspace, tree, *, branch="main", base="", others=None):
    server = workspace.server
    return compare_push(
        tree.repository,
        tree.head(),
        branch=branch,
        base=base if base != "" else server.head("app", branch),
        others=others if others is not None else [server.head("app", name) for name in server.branches("app")],
        remote=workspace.remote("app"),
    )


def change(tree, message="Change", **files):
    for name, text in files.items():
        (tree.root / name).write_text(text)
    return tree.commit(message)


def test_lists_new_commits_the_oldest_first_with_whole_messages(workspace):
    workspace.server.create("app", {"a": "1\n"})
    tree = workspace.checkout("app")
    first, second = change(tree, "First\n\nbody\n", a="2\n"), change(tree, "Second", b="3\n")

    found = compare(workspace, tree)

    assert [(commit.id, commit.subject) for commit in found.commits] == [(first, "First"), (second, "Second")]
    assert found.commits[0].message.strip() == "First\n\nbody"
    assert (found.base, found.head) == (workspace.server.head("app"), second)
    assert found.commits[-1].tree == found.head_tree
    assert found.files == (ChangedFile("a", "", 1, 1), ChangedFile("b", "", 1, 0))
    assert "-1\n+2\n" in found.diff


def test_renames_binary_files_and_odd_names(workspace):
    odd = 'tab\t"quote" ü'
    workspace.server.create("app", {"old name": "one\ntwo\nthree\n"})
    tree = workspace.checkout("app")
    (tree.root / "old name").rename(tree.root / odd)
    (tree.root / "z.bin").write_bytes(b"\0\1")
    tree.commit("Rename")

    found = compare(workspace, tree)

    assert found.files == (ChangedFile(odd, "old name", 0, 0), ChangedFile("z.bin", "", None, None))
    assert "Binary files" in found.diff


def test_attributes_of_the_repository_start_no_program_and_hide_nothing(workspace, tmp_path):
    workspace.server.create("app", {"a": "1\n", ".gitattributes": "* diff=evil\n"})
    tree = workspace.checkout("app")
    with (tree.repository / "config").open("a") as config:
        config.write(f'[diff "evil"]\n\tcommand = touch {tmp_path}/ran\n\ttextconv = touch {tmp_path}/ran\n')
    change(tree, a="2\n")

    assert "-1\n+2\n" in compare(workspace, tree).diff
    assert not (tmp_path / "ran").exists()


def test_a_branch_that_the_clone_does_not_know_is_fetched(workspace):
    server = workspace.server
    server.create("app", {"a": "1\n"})
    tree = workspace.checkout("app")
    theirs = server.commit("app", {"b": "2\n"}, "Theirs", branch="live", start=server.head("app"))
    change(tree, a="2\n")

    found = compare(workspace, tree, branch="live", base=theirs)

    assert found.base == theirs
    assert [file.path for file in found.files] == ["a", "b"]


def test_a_new_branch_is_compared_with_where_it_left_what_the_remote_has(workspace):
    workspace.server.create("app", {"a": "1\n"})
    tree = workspace.checkout("app")
    change(tree, b="2\n")

    found = compare(workspace, tree, branch="new", base=None)

    assert found.base is None
    assert [file.path for file in found.files] == ["b"]
    assert len(found.commits) == 1


def test_a_branch_without_history_is_all_new(workspace):
    workspace.server.create("app", {"a": "1\n"})
    tree = workspace.checkout("app")
    change(tree, b="2\n")

    found = compare(workspace, tree, branch="new", base=None, others=[])

    assert [file.path for file in found.files] == ["a", "b"]
    assert len(found.commits) == 2


def test_nothing_new_is_no_difference(workspace):
    workspace.server.create("app", {"a": "1\n"})
    tree = workspace.checkout("app")

    for base in (workspace.server.head("app"), None):
        found = compare(workspace, tree, branch="main" if base else "new", base=base)
        assert (found.commits, found.files, found.diff, found.is_cut) == ((), (), "", False)


def test_of_a_long_history_only_the_newest_commits_are_listed(workspace):
    workspace.server.create("app", {"a": "1\n"})
    tree = workspace.clone("app", Wanted(branches=("main",))).add_worktree(workspace.work / "src", branch="main")
    script = f"for i in $(seq {MAX_COMMITS + 2}); do git commit -q --allow-empty -m $i || exit 1; done"
    tree._git("-c", f"alias.many=!{script}", "many")

    found = compare(workspace, tree)

    assert len(found.commits) == MAX_COMMITS
    assert found.commits[-1].id == tree.head()
    assert found.commits[0].subject == "3"


def test_tells_what_brings_what(workspace):
    workspace.server.create("app", {"a": "1\n"})
    tree = workspace.checkout("app")
    old, new = tree.head(), change(tree, a="2\n")

    assert is_ancestor(tree.repository, old, new)
    assert not is_ancestor(tree.repository, new, old)
    assert not is_ancestor(tree.repository, "f" * 40, new)
