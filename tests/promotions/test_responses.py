"""Steps that ask people: who may answer, what decides, and that the promotion goes on at once."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from projects.access import Rights
from projects.errors import DomainError
from projects.leases import claim, release
from projects.models import AuditEntry
from promotions.errors import AnswerRefused
from promotions.models import Promotion, StepRequest, StepRun
from promotions.phases import Phase, StepStatus
from promotions.requests import abort_promotion
from promotions.responses import Answer, explain_refusal, respond
from promotions.retries import retry_promotion
from promotions.steps.approvers import Responder
from promotions.steps.base import StepFailed
from promotions.steps.execution import read_config
from promotions.steps.people import Question
from promotions.steps.registry import find_step
from tests.cast import make_cast
from tests.factories import actor_for, make_freight, make_member, make_stage, make_user, make_warehouse
from tests.promotions.driving import MINUTE, drain, in_thread, log_of, look, promote

pytestmark = pytest.mark.django_db(transaction=True)
YES, NO = Answer("approve"), Answer("reject", "not on a Friday")
SCHEMA = {
    "type": "object",
    "required": ["version"],
    "properties": {"version": {"type": "string", "pattern": "^v[0-9]+$"}, "count": {"type": "integer", "minimum": 1}},
}


@pytest.fixture
def cast():
    return make_cast()


def start(cast, config=None, kind="wait-for-approval", more=()) -> Promotion:
    warehouse = make_warehouse(cast.project)
    steps = [{"uses": kind, "as": "ask", "config": config or {}}, *more]
    stage = make_stage(cast.project, "uat", warehouse=warehouse, steps=steps)
    return promote(stage, make_freight(warehouse))


def answer(promotion, user, given=YES):
    promotion.refresh_from_db()
    request = StepRequest.objects.get(promotion=promotion, attempt=promotion.attempt)
    rights = Rights(user, promotion.project)
    return respond(actor_for(user), user, request, given, rights=rights, now=timezone.now())


def test_waits_then_goes_on_at_once_when_somebody_approves(cast):
    promotion = start(cast)
    assert look(promotion).steps["ask"].message == "waits for approval by any member of the project: 0 of 1 approvals"
    assert promotion.due_at > timezone.now()

    answer(promotion, cast.rita, Answer("approve", "looks <b>good</b>"))
    promotion.refresh_from_db()
    assert promotion.due_at <= timezone.now()
    drain()

    run = look(promotion)
    assert run.phase == Phase.SUCCEEDED
    (given,) = run.output("ask")["responses"]
    assert (given["user"], given["action"], given["message"]) == ("rita@example.com", "approve", "looks <b>good</b>")
    assert "Approved by rita@example.com" in log_of(promotion)
    entry = AuditEntry.objects.get(action="approved")
    assert (entry.actor, entry.target_name, entry.reason) == (cast.rita, "#1 ask", "looks <b>good</b>")


def test_a_rejection_fails_the_step_and_says_who_and_why(cast):
    promotion = start(cast)

    answer(promotion, cast.bob, NO)
    drain()

    run = look(promotion)
    assert run.phase == Phase.FAILED
    assert 'rejected by bob@example.com: "not on a Friday"' in run.promotion.message
    assert run.output("ask")["responses"][0]["action"] == "reject"


def test_several_people_are_needed_and_one_person_counts_once(cast):
    promotion = start(cast, {"minApprovals": 2})

    answer(promotion, cast.bob)
    answer(promotion, cast.bob)
    drain()
    assert look(promotion).steps["ask"].message.endswith(": 1 of 2 approvals")
    answer(promotion, cast.alice)
    drain()

    assert [r["user"] for r in look(promotion).output("ask")["responses"]] == ["bob@example.com", "alice@example.com"]


def test_a_required_rule_must_be_met(cast):
    approvers = [{"role": "promoter"}, {"role": "owner", "required": True}]
    promotion = start(cast, {"approvers": approvers})

    answer(promotion, cast.bob)
    drain()
    assert "1 of 1 approvals; still needs one by role owner" in look(promotion).steps["ask"].message
    answer(promotion, cast.alice)
    drain()

    assert look(promotion).phase == Phase.SUCCEEDED


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ({"role": "viewer"}, {"alice", "bob", "rita", "lena", "otto"}),
        ({"role": "promoter"}, {"alice", "bob"}),
        ({"role": "approver"}, {"lena"}),
        ({"role": "maintainer"}, {"alice"}),
        ({"role": "kargo-admin"}, {"alice"}),
        ({"claim": "email", "value": "RITA@example.com"}, {"rita"}),
        ({"claim": "username", "value": "bob"}, {"bob"}),
        ({"claim": "sub", "value": "charlie"}, set()),
        ({"claim": "groups", "value": "leads"}, {"rita"}),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_who_may_answer(cast, rule, who):
    make_member(cast.project, "lena", "approver", stages=["uat"])
    make_member(cast.project, "otto", "approver", stages=["prod"])
    cast.rita.groups.add(Group.objects.create(name="leads"))
    root = make_user("root", is_superuser=True)
    members = [member.user for member in cast.project.members.select_related("user")]
    question = Question("approval", (Responder.model_validate(rule).as_rule(),))

    allowed = {
        user.username
        for user in [*members, cast.charlie, root]
        if not explain_refusal(question, user, Rights(user, cast.project), "uat")
    }

    assert allowed == who


def test_a_vote_may_be_changed_until_it_is_decided_and_not_after(cast):
    promotion = start(cast, {"minApprovals": 2})
    answer(promotion, cast.bob)

    answer(promotion, cast.bob, NO)

    assert StepRequest.objects.get().outcome == "rejected"
    with pytest.raises(DomainError, match='Step "ask" was rejected meanwhile by bob'):
        answer(promotion, cast.alice)


def test_a_rejection_needs_a_reason(cast):
    promotion = start(cast)

    with pytest.raises(AnswerRefused, match="Say why"):
        answer(promotion, cast.bob, Answer("reject", "  "))

    assert not StepRequest.objects.get().responses.exists()


def test_nobody_can_answer_a_promotion_that_is_being_aborted_or_has_ended(cast):
    promotion = start(cast)
    abort_promotion(actor_for(cast.bob), promotion, now=timezone.now())
    with pytest.raises(DomainError, match="does not wait for an answer any more"):
        answer(promotion, cast.alice)
    drain()

    with pytest.raises(DomainError, match="does not wait for an answer any more"):
        answer(promotion, cast.alice)
    assert not StepRequest.objects.open().exists()


def test_a_step_that_timed_out_leaves_nothing_to_answer(cast):
    promotion = start(cast)
    StepRun.objects.filter(promotion=promotion).update(status=StepStatus.ERRORED)

    assert not StepRequest.objects.open().exists()


def test_a_retry_asks_again(cast):
    promotion = start(cast)
    answer(promotion, cast.bob, NO)
    drain()
    promotion.refresh_from_db()

    retry_promotion(actor_for(cast.bob), promotion, from_step=None, rights=None, now=timezone.now())
    drain()
    assert StepRequest.objects.open().get().attempt == 2
    answer(promotion, cast.bob)
    drain()

    assert look(promotion).phase == Phase.SUCCEEDED


def test_a_second_run_of_the_step_asks_nothing_new(cast):
    promotion = start(cast)
    Promotion.objects.update(due_at=timezone.now())

    drain()

    assert (look(promotion).steps["ask"].tries, StepRequest.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("approvers", "said"),
    [
        ([{"role": "release-manager"}], 'role "release-manager" does not exist'),
        ([{"claim": "shoe-size", "value": "42"}], 'claim "shoe-size" is none'),
        ([{"claim": "email"}], "claim and value belong together"),
        ([{}], "give either role, or claim and value"),
        ([{"role": "owner", "claim": "email", "value": "a"}], "give either role"),
    ],
)
def test_a_rule_that_nobody_could_meet_fails_instead_of_waiting(approvers, said):
    with pytest.raises(StepFailed, match=said):
        read_config(find_step("wait-for-approval"), {"approvers": approvers})


def test_input_is_checked_and_handed_to_later_steps(cast):
    more = [{"uses": "compose-output", "as": "use", "config": {"v": "${{ outputs.ask.values.version }}"}}]
    promotion = start(cast, {"schema": SCHEMA, "display": "Which one?"}, "get-user-input", more)
    assert look(promotion).steps["ask"].message == "waits for input by any member of the project"

    for values in ({}, {"version": "7"}, {"version": "v7", "count": 0}):
        with pytest.raises(AnswerRefused):
            answer(promotion, cast.bob, Answer("approve", values=values))
    answer(promotion, cast.bob, Answer("approve", values={"version": "v7", "count": 2}))
    drain()

    run = look(promotion)
    assert run.output("ask")["values"] == {"version": "v7", "count": 2}
    assert run.output("ask")["respondedBy"] == "bob@example.com"
    assert run.output("use") == {"v": "v7"}
    assert AuditEntry.objects.get(action="answered").facts["values"] == {"version": "v7", "count": 2}


def test_rejected_input_fails_the_step(cast):
    promotion = start(cast, {"schema": SCHEMA}, "get-user-input")

    answer(promotion, cast.bob, NO)
    drain()

    assert look(promotion).phase == Phase.FAILED


def test_there_is_one_event_however_often_the_step_runs(cast):
    config = {"message": "rolled out", "type": "deployed", "data": {"environment": "uat"}}
    more = [{"uses": "fail", "as": "no", "config": {"message": "x"}}]
    promotion = start(cast, config, "record-audit-event", more)

    retry_promotion(actor_for(cast.bob), promotion, from_step=0, rights=None, now=timezone.now())
    drain()

    entry = AuditEntry.objects.get(action="deployed")
    assert (entry.target_kind, entry.target_name, entry.reason) == ("step", "#1 ask", "rolled out")
    assert entry.facts["environment"] == "uat"
    event = cast.project.events.get(kind="AuditEventRecorded")
    assert event.data["data"] == {"environment": "uat"}


def test_a_template_cannot_speak_as_somebody_unseen(cast):
    start(cast, {"message": "x", "actor": "alice"}, "record-audit-event")

    entry = AuditEntry.objects.get(action="recorded")
    assert (entry.actor, entry.actor_name) == (None, "alice (named by promotion #1)")


def test_people_who_answer_at_once_decide_together(cast):
    promotion = start(cast, {"minApprovals": 3})

    threads = [in_thread(answer, promotion, user) for user in (cast.alice, cast.bob, cast.rita)]
    for thread in threads:
        thread.join()

    request = StepRequest.objects.get()
    assert (request.outcome, request.responses.count()) == ("approved", 3)
    drain()
    assert look(promotion).phase == Phase.SUCCEEDED


def test_an_answer_that_comes_while_a_worker_looks_is_not_slept_over(cast):
    promotion = start(cast)
    Promotion.objects.update(due_at=timezone.now())
    lease = claim(Promotion, promotion.pk, now=timezone.now(), length=MINUTE)

    answer(promotion, cast.bob)
    release(lease, due_at=timezone.now() + MINUTE)

    promotion.refresh_from_db()
    assert promotion.due_at <= timezone.now()
