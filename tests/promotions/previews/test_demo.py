"""Over all stages of the demo: what a preview shows is, byte for byte, what a promotion then pushes."""

import pytest
from django.utils import timezone

from kargoweb.demo import content
from projects.actors import OPERATOR
from projects.models import Project
from promotions.changesets import SourceText, apply_changes, plan_changes
from promotions.models import PreviewPhase, PushLock
from promotions.phases import Phase
from promotions.previews import find_fresh
from tests.factories import make_freight
from tests.promotions.driving import look, promote
from tests.promotions.previews.previewing import host_git, kept_in_mirrors, preview, refs_of

pytestmark = pytest.mark.django_db(transaction=True)

REPOSITORIES = (content.CONFIG, content.FLAGS)
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
DIFF = ("diff-tree", "-r", "-p", "--find-renames")


@pytest.fixture
def demo(git_server):
    git_server.create(content.CONFIG, content.config_files("registry.example.com"))
    git_server.create(content.FLAGS, content.FLAG_FILES)
    text = content.manifests(git=git_server.base_url, registry="registry.example.com")
    apply_changes(OPERATOR, plan_changes([SourceText("demo.yaml", text)]), now=timezone.now())
    return Project.objects.get(name="guestbook")


def freight_of(demo, git_server, warehouse, tag=""):
    name = content.CONFIG if warehouse == "guestbook" else content.FLAGS
    commit = {"repo_url": git_server.url(name), "commit_id": git_server.head(name), "message": "Begin"}
    images = [{"repo_url": f"registry.example.com/{content.IMAGE}", "tag": tag}] if tag else []
    return make_freight(demo.warehouses.get(name=warehouse), commits=[commit], images=images)


def check_same_as_pushed(git_server, stage, freight):
    before = refs_of(git_server, *REPOSITORIES)

    shown = preview(stage, freight)

    assert shown.phase == PreviewPhase.READY, shown.message
    assert refs_of(git_server, *REPOSITORIES) == before
    assert kept_in_mirrors() == []
    assert not PushLock.objects.exists()
    assert find_fresh(stage, freight) == shown

    bases = {branch: _tip(git_server, branch) for branch in git_server.branches(content.CONFIG)}
    run = look(promote(stage, freight))
    assert run.phase == Phase.SUCCEEDED, run.promotion.message
    for push in shown.result["pushes"]:
        base = bases.get(push["branch"], EMPTY_TREE)
        head = git_server.head(content.CONFIG, push["branch"])
        assert push["diff"] == host_git(git_server, content.CONFIG, *DIFF, base, head)
        assert push["head_tree"] == host_git(git_server, content.CONFIG, "rev-parse", f"{head}^{{tree}}").strip()
        new = host_git(
            git_server, content.CONFIG, "log", "--reverse", "--format=%s", head, *_without(base)
        ).splitlines()
        # The empty commit that begins a branch may be, to the letter, the one that began another.
        assert push["commits"]
        assert [commit["subject"] for commit in push["commits"]] == new[-len(push["commits"]) :]
    changed = {
        branch for branch in git_server.branches(content.CONFIG) if _tip(git_server, branch) != bases.get(branch)
    }
    assert {push["branch"] for push in shown.result["pushes"]} == changed
    PushLock.objects.all().delete()
    return shown


def _tip(git_server, branch):
    return git_server.head(content.CONFIG, branch)


def _without(base):
    return () if base == EMPTY_TREE else (f"^{base}",)


def test_every_stage_shows_what_it_pushes_the_first_time_and_later(demo, git_server):
    stages = {stage.name: stage for stage in demo.stages.all()}
    first, flags = freight_of(demo, git_server, "guestbook", "1.0.0"), freight_of(demo, git_server, "flags")

    shown = [
        check_same_as_pushed(git_server, stages[name], first) for name in ("dev", "staging", "prod-east", "prod-west")
    ]
    shown.append(check_same_as_pushed(git_server, stages["dev"], flags))
    git_server.commit(content.CONFIG, {"env/dev/extra.txt": "more\n", "env/dev/deployment.yaml": "a: 1\n"}, "Change")
    newest = freight_of(demo, git_server, "guestbook", "1.1.0")
    again = preview(stages["dev"], newest)
    shown.append(check_same_as_pushed(git_server, stages["dev"], newest))

    assert len({row.digest for row in shown}) == len(shown)
    assert again.digest == shown[-1].digest
    assert [step["status"] for step in again.result["steps"]].count("Would") == 1
    assert [len(row.result["pushes"]) for row in shown] == [1, 1, 1, 2, 1, 1]
