"""A worker that is asked to stop gives away all it has in its hands, long before its leases would end."""

import time

import pytest

from tests.faults.every_step import check_log
from tests.servers.everything_site import EverythingSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

COUNT = 10
STAGE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata:
  name: {name}
  namespace: everything
spec:
  requestedFreight:
  - origin:
      kind: Warehouse
      name: images
    sources:
      direct: true
  promotionTemplate:
    spec:
      steps:
      - uses: file-write
        as: write
        config:
          path: note.txt
          contents: written once
      - uses: http
        as: ask
        config:
          url: {files}{path}
          timeout: 5m
          successExpression: {expression}
          pollInterval: 10m
          queryParams:
          - name: promotion
            value: ${{{{ ctx.promotion }}}}
      - uses: copy
        as: copy
        config:
          inPath: note.txt
          outPath: copy.txt
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    settings = {"KARGOWEB_CONCURRENCY": str(COUNT)}
    with EverythingSite(tmp_path_factory.mktemp("handover"), lease="60s", settings=settings) as scene:
        scene.site.start("scheduler")
        yield scene


def add_stages(scene, names, *, path, expression):
    facts = {"files": scene.addresses["files"], "path": path, "expression": expression}
    scene.site.ask("apply", "---\n".join(STAGE.format(name=name, **facts) for name in names))


def wait_for(condition, *, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_ten_running_promotions_are_handed_over_where_they_are(scene):
    site, names = scene.site, [f"slow-{number}" for number in range(COUNT)]
    add_stages(scene, names, path="/slow", expression="response.status == 200")
    leaving = site.start_worker()
    scene.ask("close", "GET /slow")
    promotions = [scene.promote(name) for name in names]
    wait_for(lambda: scene.ask("count_requests", "/slow") == COUNT)
    staying = site.start_worker()

    leaving.terminate()
    wait_for(lambda: "Warm shutdown" in site.log(leaving))
    scene.ask("open")
    opened_at = time.monotonic()
    ends = [site.ask("wait_for_end", promotion, 30) for promotion in promotions]

    assert time.monotonic() - opened_at < 30, "the leases of 60 s were waited for"
    assert leaving.wait(20) == 0
    assert staying.poll() is None
    assert [end["phase"] for end in ends] == ["Succeeded"] * COUNT
    records = [site.ask("look", promotion) for promotion in promotions]
    assert [[step["tries"] for step in record["steps"]] for record in records] == [[1, 1, 1]] * COUNT
    assert [problem for record in records for problem in check_log(record)] == []
    told = [text for record in records for _, text in record["log"]]
    assert told.count("This worker shuts down; another one goes on from here.") == COUNT
    assert scene.ask("count_requests", "/slow") == COUNT
    staying.terminate()
    staying.wait(20)


def test_a_worker_does_not_stay_for_a_step_that_waits_for_minutes(scene):
    site = scene.site
    add_stages(scene, ["waits"], path="/flag", expression="response.body.ready")
    leaving = site.start_worker()
    promotion = scene.promote("waits")
    wait_for(lambda: site.ask("look", promotion)["steps"][1]["message"] and not site.ask("look", promotion)["owner"])

    leaving.terminate()
    asked_at = time.monotonic()
    assert leaving.wait(20) == 0
    left_after = time.monotonic() - asked_at
    site.start_worker()
    scene.ask("answer", "/flag", {"ready": True})
    end = site.ask("hasten_to_end", promotion, 30)

    assert left_after < 10
    assert end["phase"] == "Succeeded"
    record = site.ask("look", promotion)
    assert [step["tries"] for step in record["steps"]] == [1, 2, 1]
    assert check_log(record) == []
