"""One task used twice in a stage: each use clones, clears, renders, commits, pushes and tidies up after itself."""

import pytest
from django.utils import timezone

from projects.actors import OPERATOR
from projects.documents import SourceText
from promotions.changesets import apply_changes, plan_changes
from promotions.models import Stage
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_warehouse
from tests.promotions.driving import look, promote

pytestmark = pytest.mark.django_db(transaction=True)

MANIFESTS = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: PromotionTask
metadata: {name: publish, namespace: shop}
spec:
  vars:
  - {name: repo}
  - {name: region}
  steps:
  - uses: git-clone
    config:
      repoURL: ${{ vars.repo }}
      checkout:
      - {commit: "${{ commitFrom(vars.repo).ID }}", path: ./src}
      - {branch: "env/${{ vars.region }}", create: true, path: ./out}
  - uses: git-clear
    config: {path: ./out}
  - uses: kustomize-set-image
    as: bump
    config:
      path: ./src/base
      images: [{image: r/app, tag: "${{ imageFrom('r/app').Tag }}"}]
  - uses: copy
    config: {inPath: ./src/base, outPath: ./out}
  - uses: git-commit
    as: commit
    config: {path: ./out, message: "${{ vars.region }}: ${{ task.outputs.bump.commitMessage }}"}
  - uses: git-push
    as: push
    config: {path: ./out}
  - uses: delete
    config: {path: ./out, strict: true}
  - uses: compose-output
    as: result
    config: {sha: "${{ task.outputs.push.commit }}"}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {name: prod, namespace: shop}
spec:
  vars:
  - {name: repo, value: "%s"}
  requestedFreight:
  - origin: {kind: Warehouse, name: main}
    sources: {direct: true}
  promotionTemplate:
    spec:
      steps:
      - {task: {name: publish}, as: east, vars: [{name: region, value: east}]}
      - {task: {name: publish}, as: west, vars: [{name: region, value: west}]}
      - uses: compose-output
        as: both
        config: {east: "${{ outputs.east.sha }}", west: "${{ outputs.west.sha }}"}
"""
KUSTOMIZATION = "resources: [app.yaml]\nimages:\n- name: r/app\n  newTag: old\n"


def test_each_use_leaves_its_branch_rendered_and_the_next_one_a_clean_place(git_server):
    base = {"base/kustomization.yaml": KUSTOMIZATION, "base/app.yaml": "kind: Deployment\n", "README": "hello"}
    git_server.create("app", base)
    git_server.commit("app", {"stale.yaml": "x", "kustomization.yaml": "old"}, "Old", branch="env/west")
    url = git_server.url("app")
    warehouse = make_warehouse(
        make_project(), subscriptions=[{"git": {"repoURL": url}}, {"image": {"repoURL": "r/app"}}]
    )
    change_set = plan_changes([SourceText("story.yaml", MANIFESTS.replace("%s", url))])
    assert not change_set.errors
    apply_changes(OPERATOR, change_set, now=timezone.now())
    commits = [{"repo_url": url, "commit_id": git_server.head("app")}]
    freight = make_freight(warehouse, commits=commits, images=[{"repo_url": "r/app", "tag": "2.0.0"}])

    run = look(promote(Stage.objects.get(), freight))

    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    for region in ("east", "west"):
        branch = f"env/{region}"
        assert git_server.files("app", branch) == ["app.yaml", "kustomization.yaml"]
        assert "newTag: 2.0.0" in git_server.read("app", branch, "kustomization.yaml")
        assert run.output("both")[region] == git_server.head("app", branch)
        assert run.steps[f"{region}::step-7"].status == "Succeeded"
    assert git_server.read("app", "main", "base/kustomization.yaml") == KUSTOMIZATION
    assert len(git_server.log("app", "env/west")) == 2

    again = look(promote(Stage.objects.get(), freight))

    assert again.phase == Phase.SUCCEEDED
    assert (again.statuses["east::commit"], again.statuses["west::commit"]) == ("Skipped", "Skipped")
    assert again.output("both") == run.output("both")
