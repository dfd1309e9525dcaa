"""Whether what lies where a submodule belongs is ours; checking submodules out is tested through git-clone."""

import pytest

from integrations.errors import Rejected
from integrations.git.submodules import check_intact

# However git stores the list of files.
LAYOUTS = {
    "version 2": ("update-index", "--index-version", "2"),
    "version 4": ("update-index", "--index-version", "4"),
    "in two files": ("update-index", "--split-index"),
    "folded": ("sparse-checkout", "set", "--cone", "--sparse-index", "d"),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_repository_in_place_of_a_submodule_is_found(workspace, layout):
    workspace.server.create("lib", {"lib.txt": "lib"})
    workspace.server.create("app", {"a": "1", "d/b": "1", "e/c": "1"})
    modules = '[submodule "lib"]\n\tpath = e/lib\n\turl = ../lib.git\n'
    submodules = {"e/lib": workspace.server.head("lib")}
    workspace.server.commit("app", {".gitmodules": modules}, "Sub", submodules=submodules)
    tree = workspace.checkout("app")
    tree._git(*layout)
    check_intact(tree._place, tree._admin / "modules")

    (tree.root / "e/lib/.git").mkdir(parents=True)

    with pytest.raises(Rejected, match='"e/lib" is a submodule'):
        check_intact(tree._place, tree._admin / "modules")


def test_a_work_tree_without_submodules_may_hold_anything(workspace):
    workspace.server.create("app", {"a": "1"})
    tree = workspace.checkout("app")
    (tree.root / "lib/.git").mkdir(parents=True)

    check_intact(tree._place, tree._admin / "modules")

    (tree._admin / "index").unlink()
    check_intact(tree._place, tree._admin / "modules")
