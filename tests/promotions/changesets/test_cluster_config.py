"""ClusterConfig: receivers of the whole site, applied like any manifest; rules of generic receivers."""

import pytest
from django.utils import timezone

from freight.receivers.addresses import list_configured
from projects.actors import OPERATOR
from projects.documents import SourceText
from projects.models import AuditEntry, ClusterConfig
from promotions.changesets import apply_changes, lint_texts, plan_changes
from tests.factories import make_project
from tests.freight.receivers.setup import store_secret

CONFIG = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: ClusterConfig
metadata: {{name: {name}}}
spec:
  webhookReceivers:
  - name: hub
    {receiver}
"""
GENERIC = "generic: {{secretRef: {{name: s}}, actions: [{{action: Refresh, targetSelectionCriteria: [{}]}}]}}"


def config(receiver="dockerhub: {secretRef: {name: hub-secret}}", name="cluster"):
    return CONFIG.format(name=name, receiver=receiver)


def apply(text):
    changes = plan_changes([SourceText("f.yaml", text)])
    apply_changes(OPERATOR, changes, now=timezone.now())
    return [str(change) for change in changes.changes]


@pytest.mark.django_db
def test_applies_once_and_then_is_unchanged():
    assert apply(config()) == ["clusterconfig/cluster created"]
    assert apply(config()) == ["clusterconfig/cluster unchanged"]
    assert apply(config("quay: {secretRef: {name: hub-secret}}")) == ["clusterconfig/cluster updated"]

    store_secret(None, "hub-secret", "secret")
    (receiver,) = list_configured(None)
    assert (receiver.name, receiver.sender.name) == ("hub", "quay")
    assert receiver.path.startswith("/webhooks/quay/")
    assert ClusterConfig.objects.get().generation == 2
    assert AuditEntry.objects.filter(target_kind="ClusterConfig").count() == 2


@pytest.mark.django_db
def test_the_owner_of_a_project_cannot_apply_it_to_the_site():
    make_project("shop")

    assert plan_changes([SourceText("f.yaml", config())], scope="shop").errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (config(name="site"), 'A ClusterConfig is named "cluster", not "site".'),
        (
            config() + "  - name: hub\n    quay: {secretRef: {name: x}}\n",
            '"hub" is already defined at webhookReceivers[0].',
        ),
        (config("harbor: {secretRef: {name: x}}\n    quay: {secretRef: {name: x}}"), "Exactly one of"),
        (config(GENERIC.format("{kind: Warehouse}")), "This chooses everything."),
    ],
    ids=["name", "twice", "two senders", "criteria"],
)
def test_mistakes_are_told(text, message):
    errors = lint_texts([SourceText("f.yaml", text)]).errors

    assert any(message in error.message for error in errors), [error.message for error in errors]


@pytest.mark.parametrize(
    "criterion",
    ["{kind: Warehouse, name: x}", "{kind: Promotion, labelSelector: {matchLabels: {a: b}}}"],
)
def test_a_criterion_needs_one_part(criterion):
    assert lint_texts([SourceText("f.yaml", config(GENERIC.format(criterion)))]).errors == ()
