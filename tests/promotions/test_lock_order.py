"""Applying, promoting and finding freight at once: nobody waits in a ring, nothing is refused but for a change."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from freight.assembly import create_freight
from freight.models import Warehouse
from freight.subscriptions.base import ArtifactDraft
from projects.actors import OPERATOR
from projects.errors import StaleVersion
from promotions.changesets import SourceText, apply_changes, plan_changes
from promotions.models import Stage
from promotions.requests import request_promotion
from tests.factories import make_freight, make_project, make_warehouse

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 25
MANIFESTS = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {{name: dev, namespace: shop}}
spec:
  vars: [{{name: round, value: "{round}"}}]
  requestedFreight: [{{origin: {{kind: Warehouse, name: main}}, sources: {{direct: true}}}}]
  promotionTemplate: {{spec: {{steps: [{{uses: fail, config: {{message: x}}}}]}}}}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {{name: other, namespace: shop, labels: {{round: "{round}"}}}}
spec: {{subscriptions: [{{image: {{repoURL: ghcr.io/a/b}}}}]}}
"""


def apply_round(number: int) -> None:
    changes = plan_changes([SourceText("x", MANIFESTS.format(round=number))])
    apply_changes(OPERATOR, changes, now=timezone.now())


def find_round(number: int) -> None:
    with transaction.atomic():
        rows = Warehouse.objects.select_related("project").select_for_update(of=("self",))
        warehouse = rows.get(name="other")
        draft = ArtifactDraft("image", "ghcr.io/a/b", tag=f"1.{number}", digest=f"sha256:{number:064x}")
        create_freight(warehouse, [draft], actor=OPERATOR, now=timezone.now())


def test_three_who_change_a_project_at_once_all_get_through():
    warehouse = make_warehouse(make_project("shop"))
    freight = make_freight(warehouse)
    apply_round(0)
    problems: list[str] = []

    def promote_round(_: int) -> None:
        stage = Stage.objects.select_related("project").get(name="dev")
        request_promotion(OPERATOR, stage, freight, rights=None, now=timezone.now())

    def repeat(act: Callable[[int], None]) -> None:
        try:
            for number in range(1, ROUNDS):
                try:
                    act(number)
                except StaleVersion:
                    continue  # the stage was changed in between, which is what happened
        except Exception as error:
            problems.append(f"{act.__name__}: {type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=repeat, args=(act,)) for act in (apply_round, promote_round, find_round)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)

    assert problems == []
    assert Warehouse.objects.get(name="other").freight.count() == ROUNDS - 1
