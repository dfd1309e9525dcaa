"""What a preview shows of repositories: several pushes, other people's pushes, hostile content, dead workers."""

import pytest
from django.utils import timezone

from integrations.git.comparison import MAX_DIFF_BYTES
from projects import shutdown
from projects.actors import OPERATOR, controller
from projects.credentials import set_credential
from promotions import tasks
from promotions.engine import read_site
from promotions.models import Preview, PreviewPhase
from promotions.previews import request_preview, run_preview, sweep, why_outdated
from promotions.queries.diffs import read_diff
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import later, promote
from tests.promotions.previews.previewing import kept_in_mirrors, preview, refs_of, steps_of

pytestmark = pytest.mark.django_db(transaction=True)

NAUGHTY = "<b>&amp;\"'é 😀.txt"


@pytest.fixture
def place(git_server):
    """A repository, freight, and a function that makes a stage of some steps on a clone of it at ./src."""
    git_server.create("app", {"a.txt": "one\n", "b/c.txt": "two\n"})
    project = make_project()
    warehouse = make_warehouse(project)

    def stage(*steps, name="test", branch="main"):
        return make_stage(project, name, warehouse=warehouse, steps=[clone(git_server, branch), *steps])

    stage.project, stage.freight = project, make_freight(warehouse)
    return stage


def clone(git_server, branch="main", path="./src", alias="clone"):
    checkout = {"path": path, **({"branch": branch} if branch else {})}
    return {"uses": "git-clone", "as": alias, "config": {"repoURL": git_server.url("app"), "checkout": [checkout]}}


def write(path, contents, alias="write"):
    config = {"path": f"./src/{path}", "contents": contents, "overwrite": True}
    return {"uses": "file-write", "as": alias, "config": config}


def commit(message="Change", alias="commit"):
    return {"uses": "git-commit", "as": alias, "config": {"path": "./src", "message": message}}


def push(alias="push", **config):
    return {"uses": "git-push", "as": alias, "config": {"path": "./src", **config}}


def test_two_pushes_to_one_branch_are_one_difference(place, git_server):
    stage = place(
        write("a.txt", "1\n"),
        commit("First"),
        push(),
        write("d.txt", "2\n", "w2"),
        commit("Second", "c2"),
        push("p2"),
    )

    row = preview(stage, place.freight)

    (shown,) = row.result["pushes"]
    assert [c["subject"] for c in shown["commits"]] == ["First", "Second"]
    assert [file["path"] for file in shown["files"]] == ["a.txt", "d.txt"]
    assert shown["base_sha"] == git_server.head("app")
    assert (shown["added"], shown["removed"]) == (2, 1)


def test_a_branch_made_for_the_promotion_shows_what_it_adds_to_the_one_it_left(place, git_server):
    row = preview(place(write("a.txt", "1\n"), commit(), push(generateTargetBranch=True)), place.freight)

    (shown,) = row.result["pushes"]
    assert shown["branch"] == f"kargo/promotion/{row.name}"
    assert shown["base_sha"] is None
    assert [file["path"] for file in shown["files"]] == ["a.txt"]
    assert len(shown["commits"]) == 1


def test_a_push_to_a_branch_that_was_not_cloned_brings_in_what_others_have_there(place, git_server):
    git_server.commit("app", {"theirs.txt": "x\n"}, "Theirs", branch="live", start=git_server.head("app"))
    before = refs_of(git_server, "app")

    row = preview(place(write("a.txt", "1\n"), commit("Ours"), push(targetBranch="live")), place.freight)

    (shown,) = row.result["pushes"]
    assert shown["base_sha"] == git_server.head("app", "live")
    assert [c["subject"] for c in shown["commits"]] == ["Ours"]
    assert [file["path"] for file in shown["files"]] == ["a.txt"]
    assert refs_of(git_server, "app") == before


def test_a_second_clone_of_a_branch_that_would_have_been_pushed_ends_the_preview(place, git_server):
    stage = place(write("a.txt", "1\n"), commit(), push(), clone(git_server, path="./again", alias="again"))

    row = preview(stage, place.freight)

    assert row.result["stop"]["alias"] == "again"
    assert "needs the commits that step push would have pushed" in row.result["stop"]["reason"]
    assert len(row.result["pushes"]) == 1


def test_a_push_that_would_conflict_fails_the_preview(place, git_server):
    git_server.commit("app", {"a.txt": "theirs\n"}, "Theirs", branch="live", start=git_server.head("app"))

    row = preview(place(write("a.txt", "ours\n"), commit(), push(targetBranch="live")), place.freight)

    assert row.phase == PreviewPhase.FAILED
    assert steps_of(row)["push"] == "Failed"
    assert "a.txt" in row.message


def test_hostile_files_are_shown_as_text_and_large_ones_cut(place, git_server):
    big = "\n".join(f"{number:08d} <script>" for number in range(60_000))
    git_server.commit("app", {"binary.bin": "a\0b"}, "Binary", branch="main")
    stage = place(
        write("binary.bin", "${{ fromBase64('YwBk') }}", "w1"),
        write(NAUGHTY, "<script>alert(1)</script>\n", "w2"),
        write("zzz.txt", big, "w3"),
        commit("<script>alert(2)</script>"),
        push(),
    )

    row = preview(stage, place.freight)

    (shown,) = row.result["pushes"]
    assert shown["is_cut"]
    assert len(shown["diff"].encode()) <= MAX_DIFF_BYTES
    files = {file.path: file for file in read_diff(shown["diff"], shown["files"])}
    assert files["binary.bin"].is_binary
    assert [line.text for line in files[NAUGHTY].lines] == ["<script>alert(1)</script>"]
    assert files["zzz.txt"].hidden > 0
    assert shown["added"] == 60_001


def test_secrets_are_masked_everywhere(place, git_server):
    secret = "correct-horse-battery"
    set_credential(
        OPERATOR,
        project=place.project,
        name="token",
        kind="generic",
        secrets={"value": secret},
        now=timezone.now(),
    )
    use = "${{ secret('token').value }}"
    stage = place(write("a.txt", f"password: {use}\n"), commit(f"Use {use}"), push())

    row = preview(stage, place.freight)

    assert row.phase == PreviewPhase.READY
    assert secret not in str(row.result)
    assert "••••••" in row.result["pushes"][0]["diff"]


def test_is_out_of_date_when_a_base_moves_the_template_changes_or_a_slot_is_filled(place, git_server):
    stage = place(write("a.txt", "1\n"), commit(), push())
    row = preview(stage, place.freight)
    assert [base["branch"] for base in row.bases] == ["main"]

    check(row)
    assert why_outdated(fresh(row)) == ""
    git_server.commit("app", {"a.txt": "moved\n"}, "Move")
    check(row)
    assert 'Branch "main"' in why_outdated(fresh(row))
    assert "moved since" in why_outdated(fresh(row))

    again = preview(stage, place.freight)
    git_server.delete_branch("app", "main")
    check(again)
    assert "was deleted since" in why_outdated(fresh(again))
    stage.generation += 1
    stage.save()
    assert "was edited since" in why_outdated(fresh(again))


def test_other_freight_in_another_slot_puts_it_out_of_date(place):
    second = make_warehouse(place.project, "second")
    stage = make_stage(
        place.project,
        "two",
        warehouse=[place.freight.warehouse, second],
        steps=[{"uses": "compose-output", "config": {"a": 1}}],
    )
    row = preview(stage, place.freight)
    assert why_outdated(row) == ""

    promote(stage, make_freight(second))

    assert why_outdated(fresh(row)) == 'The slot "second" of stage "two" holds other freight since.'


def test_a_host_that_is_away_leaves_the_mark_as_it_was_and_says_so(place, git_server):
    row = preview(place(write("a.txt", "1\n"), commit(), push()), place.freight)
    git_server.stop()

    check(row)

    assert why_outdated(fresh(row)) == ""
    assert "127.0.0.1" in fresh(row).check_problem


def check(row):
    """As a worker does after somebody opened the page."""
    Preview.objects.filter(pk=row.pk).update(due_at=timezone.now())
    run_preview(row.pk, site=read_site())


def fresh(row):
    return Preview.objects.select_related("stage", "freight").get(pk=row.pk)


def test_a_dead_worker_costs_a_lease_and_its_work_tree_is_thrown_away(place, git_server):
    stage = place(write("a.txt", "1\n"), commit(), push())
    row = request_preview(controller("test"), stage, place.freight, now=timezone.now())
    leftover = read_site().previews_dir / str(row.pk) / "src"
    leftover.mkdir(parents=True)
    (leftover / "of-the-dead.txt").write_text("x")
    Preview.objects.filter(pk=row.pk).update(
        phase=PreviewPhase.RUNNING, due_at=None, lease_until=timezone.now(), tries=1, result={"steps": []}
    )

    run_preview(row.pk, site=read_site())

    done = fresh(row)
    assert (done.phase, done.tries) == (PreviewPhase.READY, 2)
    assert not leftover.parent.exists()
    assert [file["path"] for file in done.result["pushes"][0]["files"]] == ["a.txt"]
    assert kept_in_mirrors() == []


def test_the_task_makes_it_and_a_worker_that_shuts_down_hands_it_over(place):
    row = request_preview(controller("test"), place(commit()), place.freight, now=timezone.now())
    shutdown.requested.set()
    try:
        run_preview(row.pk, site=read_site())
    finally:
        shutdown.requested.clear()
    assert (fresh(row).phase, fresh(row).tries, fresh(row).due_at is not None) == (PreviewPhase.RUNNING, 0, True)

    tasks.run_preview(row.pk)

    assert fresh(row).phase == PreviewPhase.READY


def test_a_preview_that_kills_its_workers_is_given_up(place):
    row = request_preview(controller("test"), place(), place.freight, now=timezone.now())
    Preview.objects.filter(pk=row.pk).update(phase=PreviewPhase.RUNNING, tries=3)

    run_preview(row.pk, site=read_site())

    assert fresh(row).phase == PreviewPhase.FAILED
    assert "3 workers died" in fresh(row).message


def test_asking_twice_makes_one_and_an_edited_stage_is_told(place):
    stage = place(commit())
    rows = [request_preview(controller("test"), stage, place.freight, now=timezone.now()) for _ in range(2)]
    assert rows[0] == rows[1]
    stage.generation += 1
    stage.save()

    run_preview(rows[0].pk, site=read_site())

    assert fresh(rows[0]).phase == PreviewPhase.FAILED
    assert "edited meanwhile" in fresh(rows[0]).message


def test_the_sweep_deletes_what_is_old_but_not_what_a_promotion_keeps(place):
    stage = place(commit())
    old, kept, new = (preview(stage, place.freight) for _ in range(3))
    promotion = promote(stage, place.freight)
    type(promotion).objects.filter(pk=promotion.pk).update(preview=kept)
    Preview.objects.filter(pk__in=[old.pk, kept.pk]).update(created_at=later(-60 * 24 * 8))
    for name in (str(new.pk), "987654"):
        (read_site().previews_dir / name).mkdir(parents=True)

    sweep(read_site(), now=timezone.now())

    assert set(Preview.objects.all()) == {kept, new}
    assert list(read_site().previews_dir.iterdir()) == []
