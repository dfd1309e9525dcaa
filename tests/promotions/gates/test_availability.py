"""The one rule of availability."""

from datetime import UTC, datetime, timedelta

import pytest

from promotions.gates.availability import (
    FreightMarks,
    FreightRequest,
    describe_duration,
    judge_availability,
    parse_soak_time,
)
from promotions.gates.gate import GateKind, GateState

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KNOWN = {"qa": False, "uat": False, "hub": True}
PASSED, WAITING, FAILED = GateState.PASSED, GateState.WAITING, GateState.FAILED


def judge(marks=None, *, known=KNOWN, **request):
    wanted = FreightRequest(origin="Warehouse/main", **request)
    return judge_availability("prod", wanted, marks or FreightMarks(), known_stages=known, now=NOW)


def verified(*stages, soaked=timedelta(), since=None):
    present = dict.fromkeys(stages, since) if since else {}
    return FreightMarks(verified=dict.fromkeys(stages, soaked), present=present)


def test_freight_of_a_direct_source_is_available_at_once():
    gate = judge(direct=True)

    assert (gate.kind, gate.state) == (GateKind.AVAILABILITY, PASSED)
    assert gate.text == 'Taken directly from warehouse "main"'


def test_direct_wins_over_unverified_upstream_and_soak():
    assert judge(direct=True, upstream=("qa",), soak=HOUR, needs_all=True).is_open


def test_unverified_freight_waits_since_it_entered_the_upstream_stage():
    gate = judge(FreightMarks(present={"qa": NOW - HOUR}), upstream=("qa",))

    assert (gate.state, gate.text) == (WAITING, 'Not verified in "qa" yet')
    assert (gate.since, gate.until) == (NOW - HOUR, None)


def test_verified_freight_is_available():
    gate = judge(verified("qa"), upstream=("qa",))

    assert (gate.state, gate.text) == (PASSED, 'Verified in "qa"')


def test_approved_freight_is_available_whatever_its_upstream_says():
    marks = FreightMarks(approved={"prod"})

    assert judge(marks, upstream=("qa", "uat"), soak=HOUR, needs_all=True).is_open
    assert judge(marks).is_open


def test_an_approval_for_another_stage_does_not_count():
    assert not judge(FreightMarks(approved={"uat"}), upstream=("qa",)).is_open


def test_soaking_freight_waits_until_its_soak_completes():
    since = NOW - timedelta(minutes=48)

    gate = judge(verified("uat", since=since), upstream=("uat",), soak=2 * HOUR)

    assert (gate.state, gate.text) == (WAITING, "Soak 1 h 12 m left in uat")
    assert (gate.since, gate.until) == (since, since + 2 * HOUR)


def test_soak_is_complete_at_exactly_the_required_time():
    assert judge(verified("uat", since=NOW - HOUR), upstream=("uat",), soak=HOUR).is_open
    assert not judge(verified("uat", since=NOW - HOUR + timedelta(seconds=1)), upstream=("uat",), soak=HOUR).is_open


def test_soak_counts_only_for_verified_freight():
    marks = FreightMarks(present={"uat": NOW - 9 * HOUR})

    gate = judge(marks, upstream=("uat",), soak=HOUR)

    assert (gate.state, gate.text) == (WAITING, 'Not verified in "uat" yet')


def test_a_finished_stay_counts_after_the_freight_has_left():
    assert judge(verified("uat", soaked=HOUR), upstream=("uat",), soak=HOUR).is_open


def test_stays_are_not_added_up():
    marks = verified("uat", soaked=timedelta(minutes=50), since=NOW - timedelta(minutes=40))

    gate = judge(marks, upstream=("uat",), soak=HOUR)

    assert gate.until == NOW + timedelta(minutes=20)


def test_freight_that_left_too_early_waits_without_an_end():
    gate = judge(verified("uat", soaked=timedelta(minutes=20)), upstream=("uat",), soak=HOUR)

    assert (gate.state, gate.until) == (WAITING, None)
    assert gate.text == "Soaked 20 m of 1 h in uat, and is no longer there"


def test_nothing_soaks_in_a_control_flow_stage():
    gate = judge(verified("hub"), upstream=("hub",), soak=HOUR)

    assert (gate.state, gate.text) == (
        FAILED,
        'Freight never stays in control-flow stage "hub", so it cannot soak there',
    )


def test_an_upstream_stage_that_does_not_exist_fails():
    gate = judge(upstream=("gone",))

    assert (gate.state, gate.text) == (FAILED, 'Upstream stage "gone" does not exist')


@pytest.mark.parametrize("needs_all", [False, True], ids=["one-of", "all"])
def test_a_request_without_sources_gives_nothing(needs_all):
    gate = judge(verified("qa", "uat"), needs_all=needs_all)

    assert (gate.state, gate.text) == (
        FAILED,
        'Stage "prod" names no source of freight from warehouse "main"',
    )


def test_one_of_needs_one_listed_stage():
    assert judge(verified("uat"), upstream=("qa", "uat")).is_open
    assert not judge(verified("hub"), upstream=("qa", "uat")).is_open


def test_one_of_names_all_stages_that_could_verify_it():
    gate = judge(FreightMarks(present={"uat": NOW - HOUR}), upstream=("qa", "uat", "gone"))

    assert (gate.text, gate.since) == ('Not verified in "qa" or "uat" yet', NOW - HOUR)


def test_one_of_waits_for_the_soak_that_ends_first():
    marks = FreightMarks(
        verified={"qa": timedelta(), "uat": timedelta()},
        present={"qa": NOW - timedelta(minutes=10), "uat": NOW - timedelta(minutes=30)},
    )

    gate = judge(marks, upstream=("qa", "uat"), soak=HOUR)

    assert (gate.text, gate.until) == ("Soak 30 m left in uat", NOW + timedelta(minutes=30))


def test_one_of_soak_in_an_unlisted_stage_does_not_count():
    assert not judge(verified("uat", soaked=9 * HOUR), upstream=("qa",), soak=HOUR).is_open


def test_all_needs_every_listed_stage():
    gate = judge(verified("qa"), upstream=("qa", "uat"), needs_all=True)

    assert (gate.state, gate.text) == (WAITING, 'Not verified in "uat" yet')
    assert judge(verified("qa", "uat"), upstream=("qa", "uat"), needs_all=True).is_open


def test_all_does_not_mind_freight_that_is_verified_elsewhere_too():
    marks = verified("qa", "uat", "hub", soaked=HOUR)

    assert judge(marks, upstream=("qa", "uat"), soak=HOUR, needs_all=True).is_open


def test_all_names_every_stage_that_is_missing():
    gate = judge(upstream=("qa", "uat"), needs_all=True)

    assert gate.text == 'Not verified in "qa" and "uat" yet'


def test_all_waits_for_the_longest_soak():
    marks = FreightMarks(
        verified={"qa": timedelta(), "uat": timedelta()},
        present={"qa": NOW - timedelta(minutes=10), "uat": NOW - timedelta(minutes=30)},
    )

    gate = judge(marks, upstream=("qa", "uat"), soak=HOUR, needs_all=True)

    assert (gate.text, gate.until) == ("Soak 50 m left in qa", NOW + timedelta(minutes=50))


def test_all_knows_no_end_while_one_stage_lost_the_freight():
    marks = FreightMarks(
        verified={"qa": timedelta(), "uat": timedelta(minutes=5)}, present={"qa": NOW - timedelta(minutes=10)}
    )

    gate = judge(marks, upstream=("qa", "uat"), soak=HOUR, needs_all=True)

    assert (gate.state, gate.until) == (WAITING, None)
    assert "no longer there" in gate.text


def test_all_fails_when_one_stage_does_not_exist():
    gate = judge(verified("qa"), upstream=("qa", "gone"), needs_all=True)

    assert (gate.state, gate.text) == (FAILED, 'Upstream stage "gone" does not exist')


def test_a_request_is_read_from_the_manifest():
    requested = {
        "origin": {"kind": "Warehouse", "name": "main"},
        "sources": {"stages": ["qa"], "requiredSoakTime": "1h30m", "availabilityStrategy": "All"},
    }

    assert FreightRequest.from_spec(requested) == FreightRequest(
        "Warehouse/main", upstream=("qa",), soak=timedelta(minutes=90), needs_all=True
    )


def test_a_short_request_gets_the_defaults():
    assert FreightRequest.from_spec({"origin": {"name": "main"}, "sources": {"direct": True}}) == FreightRequest(
        "Warehouse/main", direct=True
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1h", HOUR), ("1.5h", 1.5 * HOUR), ("1h2m3s", timedelta(seconds=3723)), ("0s", timedelta())],
)
def test_soak_times(text, expected):
    assert parse_soak_time(text) == expected


@pytest.mark.parametrize("text", ["", "1", "1d", "-1h", "1h x"])
def test_a_wrong_soak_time_is_refused(text):
    with pytest.raises(ValueError, match="is no soak time"):
        parse_soak_time(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (40, "40 s"),
        (59.2, "1 m"),
        (61, "2 m"),
        (3600, "1 h"),
        (3601, "1 h 1 m"),
        (4320, "1 h 12 m"),
        (86400 * 2 + 3600 * 3 + 60, "2 d 3 h"),
        (86400 * 2 + 60, "2 d"),
    ],
)
def test_durations_for_people(seconds, text):
    assert describe_duration(timedelta(seconds=seconds)) == text
