"""What people read when the world breaks during a promotion, and that the promotion always comes to an end."""

import dataclasses
import os
import subprocess
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects.actors import OPERATOR
from projects.credentials import set_credential
from promotions.engine import read_site, run_pass, sweep, workspace
from promotions.models import Promotion
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import MINUTE, ask, drain, fresh_after_drain, later, log_of, look, promote
from tests.promotions.webserver import TellingServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project():
    return make_project()


def clone(url, **ref):
    checkout = [{"path": "./src", **(ref or {"branch": "main"})}]
    return {"uses": "git-clone", "as": "clone", "config": {"repoURL": url, "checkout": checkout}}


CHANGE = (
    {"uses": "file-write", "config": {"path": "./src/new.txt", "contents": "new"}},
    {"uses": "git-commit", "config": {"path": "./src", "message": "New"}},
    {"uses": "git-push", "as": "push", "config": {"path": "./src"}},
)


def make_stage_with(project, *steps):
    return make_stage(project, warehouse=make_warehouse(project), steps=steps)


def promote_any(stage):
    return look(promote(stage, make_freight(stage.project.warehouses.first())))


def test_a_repository_that_cannot_be_reached_is_tried_again_and_named(git_server, project):
    git_server.create("app", {"a": "1"})
    url = git_server.url("app")
    git_server.stop()
    run = promote_any(make_stage_with(project, clone(url)))
    assert (run.phase, run.steps["clone"].error_count) == (Phase.RUNNING, 1)
    assert f'Cannot read repository "{url}": no answer from the host' in run.steps["clone"].message

    drain(later())
    drain(later())

    run = look(run.promotion)
    assert run.phase == Phase.ERRORED
    assert run.promotion.message.startswith('step "clone" met error threshold of 3: error running step "clone": ')
    assert f'"{url}": no answer from the host' in run.promotion.message


def test_a_host_that_comes_back_lets_the_promotion_go_on(git_server, project):
    git_server.create("app", {"a": "1"})
    git_server.fail_next(503)
    run = promote_any(make_stage_with(project, clone(git_server.url("app"))))
    assert run.phase == Phase.RUNNING

    assert fresh_after_drain(run.promotion, later()).phase == Phase.SUCCEEDED


def test_a_repository_that_wants_credentials_says_that_there_are_none(git_server, project):
    git_server.create("app", {"a": "1"})
    git_server.accounts["app"] = ("robot", "right")

    run = promote_any(make_stage_with(project, clone(git_server.url("app"))))

    assert run.phase == Phase.ERRORED
    assert run.steps["clone"].error_count <= 1, "asking again would not help"
    assert "it wants credentials and the project has none for this URL" in run.promotion.message


def test_refused_credentials_are_named_and_never_shown(git_server, project, settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    git_server.create("app", {"a": "1"})
    url = git_server.url("app")
    git_server.accounts["app"] = ("robot", "right")
    set_credential(
        OPERATOR,
        project=project,
        name="app",
        kind="git",
        repo_url=url,
        username="robot",
        secrets={"password": "wrong-password"},
        now=timezone.now(),
    )

    run = promote_any(make_stage_with(project, clone(url)))

    assert run.phase == Phase.ERRORED
    assert "the host does not accept the project's credentials for this URL" in run.promotion.message
    assert "wrong-password" not in run.promotion.message + " ".join(log_of(run.promotion))


def test_a_tag_that_vanished_between_discovery_and_promotion_is_named(git_server, project):
    git_server.create("app", {"a": "1"})
    url = git_server.url("app")

    run = promote_any(make_stage_with(project, clone(url, tag="v1.2.3")))

    assert run.phase == Phase.ERRORED
    assert 'The repository has no tag "v1.2.3"' in run.promotion.message
    assert f"Cloning {url}" in log_of(run.promotion)


def test_a_commit_that_vanished_is_named(git_server, project):
    git_server.create("app", {"a": "1"})
    gone = "0123456789" * 4

    run = promote_any(make_stage_with(project, clone(git_server.url("app"), commit=gone)))
    for _ in range(2):
        drain(later())

    run = look(run.promotion)
    assert run.phase == Phase.ERRORED
    assert gone in run.promotion.message


def test_a_push_that_is_refused_says_what_the_server_said(git_server, project):
    git_server.create("app", {"a": "1"})
    git_server.refuse_push("app", "main")

    run = promote_any(make_stage_with(project, clone(git_server.url("app")), *CHANGE))

    assert run.phase in (Phase.FAILED, Phase.ERRORED)
    assert f'"{git_server.url("app")}" refused the push to "main"' in run.promotion.message
    assert "refs/heads/main is protected, pushes are refused" in run.promotion.message
    assert git_server.files("app") == ["a"]


@pytest.fixture
def full_disk(tmp_path):
    """A site whose work trees lie on a disk of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root only")
    yield dataclasses.replace(read_site(), work_dir=disk / "work")
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_named_with_its_remedy(project, full_disk):
    big = {"uses": "file-write", "as": "big", "config": {"path": "big", "contents": "${{ repeat('x', 400000) }}"}}
    stage = make_stage_with(project, big)
    promotion = ask(stage, make_freight(project.warehouses.get()))

    drain(site=full_disk)

    run = look(promotion)
    assert run.phase == Phase.ERRORED
    assert "The disk that holds the work tree is full. Free space in the data directory" in run.promotion.message
    assert str(full_disk.work_dir) not in run.promotion.message


def test_on_a_full_disk_no_work_tree_is_kept_for_a_retry(project, full_disk):
    failing = {"uses": "fail", "as": "no", "config": {"message": "no"}}
    promotion = ask(make_stage_with(project, failing), make_freight(project.warehouses.get()))
    drain(site=full_disk)
    sweep(full_disk.work_dir, kept=timedelta(hours=1), now=timezone.now())
    assert workspace.is_there(full_disk.work_dir, promotion)

    (full_disk.work_dir.parent / "filler").write_bytes(b"x" * 252_000)
    sweep(full_disk.work_dir, kept=timedelta(hours=1), now=timezone.now())

    assert not workspace.is_there(full_disk.work_dir, promotion)


def test_a_full_disk_under_git_ends_the_promotion_with_what_git_says(git_server, project, full_disk):
    git_server.create("app", {"big.txt": "".join(f"{n * 7919}\n" for n in range(60_000))})
    promotion = ask(make_stage_with(project, clone(git_server.url("app"))), make_freight(project.warehouses.get()))

    drain(site=full_disk)
    for _ in range(2):
        drain(later(), site=full_disk)

    run = look(promotion)
    assert run.phase == Phase.ERRORED
    assert "big.txt" in run.promotion.message or "disk" in run.promotion.message


def test_a_data_directory_that_cannot_be_written_ends_the_promotion(project, tmp_path):
    (tmp_path / "work").write_text("a file in the way")
    site = dataclasses.replace(read_site(), work_dir=tmp_path / "work")
    promotion = ask(make_stage_with(project, {"uses": "fail"}), make_freight(project.warehouses.get()))

    drain(site=site)

    promotion.refresh_from_db()
    assert promotion.phase == Phase.ERRORED
    assert promotion.message.startswith("The work tree cannot be used: ")
    assert str(tmp_path) not in promotion.message


def test_a_secret_that_cannot_be_read_ends_the_promotion_with_the_remedy(project):
    site = dataclasses.replace(read_site(), secret_key="another key")
    secrets = {"value": "tr0ub4dor"}
    set_credential(OPERATOR, project=project, name="s", kind="generic", secrets=secrets, now=timezone.now())
    promotion = ask(make_stage_with(project, {"uses": "fail"}), make_freight(project.warehouses.get()))

    drain(site=site)

    promotion.refresh_from_db()
    assert promotion.phase == Phase.ERRORED
    assert "cannot be read with the present KARGOWEB_SECRET_KEY" in promotion.message


def test_a_database_connection_lost_in_a_pass_costs_one_lease(project):
    if connection.vendor != "postgresql":
        pytest.skip("the embedded database has no connection to lose")

    def cut(path, number):
        if (path, number) == ("/one", 1):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            connection.close()

    with TellingServer(cut) as server:
        stage = make_stage_with(project, server.step("one"), server.step("two"))
        promotion = ask(stage, make_freight(project.warehouses.get()))

        run_pass(promotion.pk, site=read_site())
        connection.close()
        promotion.refresh_from_db()
        assert (promotion.phase, promotion.current_step) == (Phase.RUNNING, 0)
        assert promotion.lease_token is not None, "the lease runs out by itself"
        Promotion.objects.filter(pk=promotion.pk).update(lease_until=timezone.now() - MINUTE)
        drain()

    run = look(promotion)
    assert run.phase == Phase.SUCCEEDED
    assert server.seen == ["/one", "/one", "/two"]
    numbers = [line for batch in promotion.log_batches.all() for line in range(batch.first_line, batch.last_line + 1)]
    assert numbers == list(range(1, run.promotion.log_line_count + 1))


def test_a_short_loss_of_the_log_thread_loses_no_line(project):
    if connection.vendor != "postgresql":
        pytest.skip("the embedded database has no connection to lose")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()[0]

    def cut_others(path, number):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                [own],
            )
        connection.close()

    with TellingServer(cut_others) as server:
        steps = [{**server.step("ask"), "as": f"s{number}"} for number in range(4)]
        promotion = promote(make_stage_with(project, *steps), make_freight(project.warehouses.get()))

    assert promotion.phase == Phase.SUCCEEDED
    lines = log_of(promotion)
    assert [line for line in lines if line.startswith("Step ")] == [
        f"Step {n + 1} of 4: s{n} (http)" for n in range(4)
    ]
