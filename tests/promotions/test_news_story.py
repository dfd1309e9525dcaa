"""One whole story: a promotion waits for a pull request, it is merged, the webhook comes, the promotion ends."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from projects.actors import OPERATOR
from projects.credentials import set_credential
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.freight.receivers import samples
from tests.freight.receivers.setup import make_receiver
from tests.promotions.driving import drain, promote
from tests.servers.forge import TOKEN
from tests.servers.github import GitHubServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def github(tmp_path: Any, settings: Any) -> Any:
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    server = GitHubServer(tmp_path)
    server.start()
    yield server
    server.stop()


def test_a_merge_is_taken_up_without_waiting_for_the_next_look(github: GitHubServer) -> None:
    project = make_project("shop")
    warehouse = make_warehouse(project)
    now = timezone.now()
    set_credential(
        OPERATOR,
        project=project,
        name="bot",
        kind="git",
        repo_url=github.repo_url,
        username="x",
        secrets={"password": TOKEN},
        now=now,
    )
    pull = github.open_pull()
    config = {"repoURL": github.repo_url, "prNumber": pull.number, "provider": "github", "pollInterval": "10m"}
    stage = make_stage(
        project, warehouse=warehouse, steps=[{"uses": "git-wait-for-pr", "as": "wait", "config": config}]
    )
    promotion = promote(stage, make_freight(warehouse))
    assert promotion.phase == Phase.RUNNING
    assert promotion.due_at > timezone.now()

    github.do_merge(pull)
    repository = {"clone_url": github.repo_url, "ssh_url": ""}
    payload = {"action": "closed", "number": pull.number, "pull_request": {}, "repository": repository}
    sample = samples.github("pull_request", payload)
    path = make_receiver(project, "github")
    answer = Client().post(path, sample.body, content_type="application/json", headers=sample.signed())
    drain(timezone.now())

    promotion.refresh_from_db()
    assert answer.json() == {"msg": "refreshed 1 promotion(s)"}
    assert promotion.phase == Phase.SUCCEEDED, promotion.message
