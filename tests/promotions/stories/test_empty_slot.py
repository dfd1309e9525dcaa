"""A stage of two warehouses whose second has found nothing yet: what it would bring is nil, and nothing fails."""

import pytest

from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import look, promote

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_the_empty_slot_would_bring_is_nil_and_its_steps_are_skipped(git_server):
    git_server.create("app", {"tag.txt": "none"})
    git_server.create("charts", {"chart.txt": "one"})
    app, charts = git_server.url("app"), git_server.url("charts")
    project = make_project()
    main = make_warehouse(project, "main", [{"image": {"repoURL": "r/app"}}])
    second = make_warehouse(project, "second", [{"git": {"repoURL": charts}}, {"image": {"repoURL": "r/sidecar"}}])
    write = {"uses": "file-write", "config": {"path": "./out/tag.txt", "overwrite": True}}
    steps = [
        {"uses": "git-clone", "config": {"repoURL": app, "checkout": [{"branch": "main", "path": "./out"}]}},
        {
            "uses": "git-clone",
            "as": "charts",
            "if": f"${{{{ commitFrom('{charts}') != nil }}}}",
            "config": {
                "repoURL": charts,
                "checkout": [{"commit": f"${{{{ commitFrom('{charts}').ID }}}}", "path": "./charts"}],
            },
        },
        {
            "uses": "compose-output",
            "as": "seen",
            "config": {
                "image": "${{ imageFrom('r/sidecar')?.Tag ?? 'no sidecar' }}",
                "named": "${{ imageFrom('r/sidecar', warehouse('second')) == nil }}",
                "app": "${{ imageFrom('r/app').Tag }}",
            },
        },
        {**write, "as": "write", "config": {**write["config"], "contents": "${{ quote(imageFrom('r/app').Tag) }}"}},
        {"uses": "git-commit", "config": {"path": "./out", "message": "Promote"}},
        {"uses": "git-push", "config": {"path": "./out"}},
    ]
    stage = make_stage(project, warehouse=[main, second], steps=steps)
    freight = make_freight(main, images=[{"repo_url": "r/app", "tag": "1.2.3"}])

    run = look(promote(stage, freight))

    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    assert run.statuses["charts"] == "Skipped"
    assert run.output("seen") == {"image": "no sidecar", "named": True, "app": "1.2.3"}
    assert git_server.read("app", "main", "tag.txt") == "1.2.3"

    commit = git_server.head("charts")
    images = [{"repo_url": "r/sidecar", "tag": "v7"}]
    commits = [{"repo_url": charts, "commit_id": commit}]
    filled = look(promote(stage, make_freight(second, commits=commits, images=images)))

    assert filled.phase == Phase.SUCCEEDED
    assert filled.output("charts") == {"commits": {"./charts": commit}}
    assert filled.output("seen") == {"image": "v7", "named": False, "app": "1.2.3"}
