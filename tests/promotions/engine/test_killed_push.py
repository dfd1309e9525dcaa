"""A worker killed while its push is under way: the commit arrives once, whatever the killed one had done."""

import signal

import pytest

from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, look
from tests.promotions.engine.worker import let_lease_run_out, start_worker

pytestmark = pytest.mark.django_db(transaction=True)

# Runs on the server side; the worker's process id lies in the repository.
KILL_ONCE = "#!/bin/sh\nif [ -f worker.pid ]; then kill -9 $(cat worker.pid); rm worker.pid; sleep 0.2; fi\nexit 0\n"


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
def test_the_commit_arrives_once(git_server, hook):
    git_server.create("app", {"a.txt": "1"})
    script = git_server.path("app") / "hooks" / hook
    script.write_text(KILL_ONCE)
    script.chmod(0o755)
    clone = {"repoURL": git_server.url("app"), "checkout": [{"branch": "main", "path": "./src"}]}
    warehouse = make_warehouse(make_project())
    steps = [
        {"uses": "git-clone", "as": "clone", "config": clone},
        {"uses": "file-write", "config": {"path": "./src/b.txt", "contents": "2"}},
        {"uses": "git-commit", "as": "commit", "config": {"path": "./src", "message": "Promote"}},
        {"uses": "git-push", "as": "push", "config": {"path": "./src"}},
    ]
    promotion = ask(make_stage(warehouse.project, warehouse=warehouse, steps=steps), make_freight(warehouse))

    worker = start_worker(promotion)
    (git_server.path("app") / "worker.pid").write_text(str(worker.pid))
    assert worker.wait(60) == -signal.SIGKILL
    cut = look(promotion)
    assert (cut.phase, cut.statuses["commit"], cut.statuses["push"]) == (Phase.RUNNING, "Succeeded", "Running")
    let_lease_run_out(promotion)
    drain()

    run = look(promotion)
    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    assert len(git_server.log("app")) == 2
    assert run.output("push")["commit"] == git_server.head("app") == run.output("commit")["commit"]
    assert [step.tries for step in run.steps.values()] == [1, 1, 1, 2], "only the push ran again"
