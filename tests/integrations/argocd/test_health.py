"""From the state of an application to the health of a stage, rule by rule."""

from datetime import timedelta

import pytest

from integrations.argocd.applications import read_application
from integrations.argocd.health import assess_application
from tests.servers.argocd import REPOSITORY, make_app, make_operation, stamp

TWO = [{"repoURL": REPOSITORY}, {"repoURL": "https://charts.example.com", "chart": "shop"}]
SYNCED = {"operationState": make_operation(revision="abc")}
NOW, BEFORE = stamp(), stamp(timedelta(seconds=60))


def state(**status):
    return {"sources": status.pop("sources", None), "operation": status.pop("operation", None), "status": status}


def health(status):
    return state(health={"status": status})


def condition(kind):
    return {"conditions": [{"type": kind, "message": "boom"}]}


@pytest.mark.parametrize(
    ("given", "desired", "expected", "said"),
    [
        (state(), [""], "Healthy", ""),
        (state(), [], "Healthy", ""),
        (health("Progressing"), [""], "Progressing", "is progressing"),
        (health("Suspended"), [""], "Progressing", "is suspended"),
        (state(health={}), [""], "Progressing", "is progressing"),
        (health("Degraded"), [""], "Unhealthy", 'health "Degraded"'),
        (health("Missing"), [""], "Unhealthy", 'health "Missing"'),
        (health("Unknown"), [""], "Unhealthy", 'health "Unknown"'),
        (state(reconciledAt=None), [""], "Unknown", "was not reconciled"),
        (
            state(operationState=make_operation(finished=NOW), reconciledAt=BEFORE),
            [""],
            "Unknown",
            "was not reconciled",
        ),
        (state(operationState=make_operation(finished=NOW), reconciledAt=NOW), [""], "Healthy", ""),
        (state(**condition("ComparisonError")), [""], "Unhealthy", '"ComparisonError" condition: boom'),
        (state(**condition("InvalidSpecError")), [""], "Unhealthy", '"InvalidSpecError" condition: boom'),
        (state(**condition("SyncError")), [""], "Healthy", ""),
        (state(**condition("ComparisonError"), reconciledAt=None), [""], "Unknown", "was not reconciled"),
        (state(**SYNCED), ["abc"], "Healthy", ""),
        (state(**SYNCED), ["other"], "Unhealthy", 'at revision "abc", not at the desired "other"'),
        (state(**SYNCED, operation={"sync": {}}), ["abc"], "Unknown", "is being synced"),
        (state(**SYNCED, operation={"sync": {}}), [""], "Healthy", ""),
        (state(operationState=make_operation("Running")), ["abc"], "Unknown", "is being synced"),
        (state(operationState=make_operation("Running")), [""], "Healthy", ""),
        (state(), ["abc"], "Unknown", "is being synced"),
        (state(operationState=make_operation(revision=None)), ["abc"], "Unknown", "without a sync result"),
        (state(**SYNCED), ["abc", ""], "Unknown", "1 sources but 2 desired revisions"),
        (state(**SYNCED, sources=TWO), ["abc", ""], "Unknown", "synced to 1 revisions"),
        (
            state(operationState=make_operation(revisions=["abc", "1.0"]), sources=TWO),
            ["abc", ""],
            "Healthy",
            "",
        ),
        (
            state(operationState=make_operation(revisions=["abc", "1.0"]), sources=TWO),
            ["", "2.0"],
            "Unhealthy",
            "source https://charts.example.com",
        ),
        (
            state(**SYNCED, health={"status": "Degraded"}),
            ["other"],
            "Unhealthy",
            "not at the desired",
        ),
    ],
)
def test_assesses(given, desired, expected, said):
    app = make_app(sources=given["sources"], **given["status"])
    if given["operation"]:
        app["operation"] = given["operation"]

    found = assess_application(read_application(app), desired)

    assert found.health == expected
    assert said in "; ".join(found.issues)
    assert bool(found.issues) == (expected != "Healthy")


def test_every_wrong_revision_is_an_issue_of_its_own():
    app = make_app(
        sources=TWO,
        operationState=make_operation(revisions=["a", "b"]),
        reconciledAt=stamp(timedelta(seconds=-1)),
    )

    assert len(assess_application(read_application(app), ["c", "d"]).issues) == 2
