"""Merging events into incidents: the same incidents whatever the order, and handling that follows people."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.incidents import MOST_EPISODES, REJOIN_WITHIN, Incident, end_episodes, incident_key, merge
from mqtt.event import Event, uuid7
from tests.central.support import at, event

GAP_S = REJOIN_WITHIN.total_seconds()


def merged(events: list[Event], known: list[Incident] | None = None) -> list[Incident]:
    """Put events one after the other among the incidents of their key."""
    incidents = list(known or [])
    for one in events:
        step = merge(incidents, one, uuid7)
        away = {step.incident.id, *(other.id for other in step.absorbed)}
        incidents = [other for other in incidents if other.id not in away] + [step.incident]
    return sorted(incidents, key=lambda incident: incident.started_at)


def without_id(incidents: list[Incident]) -> list[Incident]:
    return [replace(incident, id="") for incident in incidents]


def shot(name: str) -> dict[str, object]:
    return {"role": "snapshot", "sha256": name * 64, "media_type": "image/jpeg", "bytes": 9}


@st.composite
def episodes(draw: st.DrawFn) -> list[Event]:
    """Episodes of one cause as a node tells them: start, updates, end, some of them twice."""
    told: list[Event] = []
    for number in range(draw(st.integers(1, 5))):
        started = draw(st.integers(0, 3000))
        lasts = draw(st.integers(0, 600))
        boot = draw(st.sampled_from(["one", "two"]))
        severity = draw(st.sampled_from(["low", "high", "critical"]))
        picture = [shot("abcdef"[number])] if draw(st.booleans()) else []
        common = {"started": started, "boot": boot, "severity": severity, "detail": {"cause": f"gate#{number}"}}
        told.append(event("start", evidence=picture, **common))
        told += [
            event("update", time_s=started + lasts * share, **common)
            for share in draw(st.lists(st.floats(0, 1), max_size=3))
        ]
        if draw(st.booleans()):
            told.append(event("end", time_s=started + lasts, **common))
    return told


@given(episodes(), st.data())
@settings(max_examples=200, deadline=None)
def test_any_order_and_any_repetition_of_the_same_events_give_the_same_incidents(told, data):
    shuffled = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=5))))

    assert without_id(merged(told)) == without_id(merged(shuffled))


def test_start_update_and_end_are_one_incident_that_is_over():
    [incident] = merged([event("start"), event("update", time_s=10), event("end", time_s=30)])

    assert ("cleared", at(0), at(30)) == (incident.condition, incident.started_at, incident.ended_at)


def test_an_end_that_overtakes_its_start_still_ends_it():
    [incident] = merged([event("end", time_s=30), event("start")])

    assert "cleared" == incident.condition


def test_an_incident_is_active_while_one_of_its_causes_goes_on():
    one, other = {"cause": "gate#1"}, {"cause": "gate#2"}

    [incident] = merged(
        [event("start", detail=one), event("start", started=5, detail=other), event("end", time_s=9, detail=one)]
    )

    assert "active" == incident.condition


def test_what_starts_again_soon_is_the_same_incident_and_later_a_new_one():
    soon, late = 60 + GAP_S, 60 + GAP_S + 1
    first = [event("start"), event("end", time_s=60)]

    assert 1 == len(merged([*first, event("start", started=soon)]))
    assert 2 == len(merged([*first, event("start", started=late)]))


def test_a_late_event_that_bridges_two_incidents_makes_them_one():
    ends = [event("start"), event("end", time_s=1), event("start", started=GAP_S * 2)]
    two = merged(ends)

    step = merge(two, event("start", started=GAP_S), uuid7)

    assert 2 == len(two)
    assert (two[0].id, [two[1].id]) == (step.incident.id, [other.id for other in step.absorbed])


def test_what_somebody_works_on_stays_in_their_hands_when_incidents_become_one():
    first, second = merged([event("start"), event("end", time_s=1), event("start", started=GAP_S * 2)])
    second = replace(second, handling="in_progress", assignee="minh")

    step = merge([first, second], event("start", started=GAP_S), uuid7)

    assert ("in_progress", "minh") == (step.incident.handling, step.incident.assignee)


def test_other_cameras_zones_and_kinds_are_other_incidents():
    keys = {
        incident_key(e)
        for e in (
            event(),
            event(camera="cam-02"),
            event(zone="yard"),
            event(kind="security.loitering"),
            event(time_s=5),
        )
    }

    assert 4 == len(keys)


def test_severity_and_confidence_only_grow():
    [incident] = merged(
        [
            event(severity="medium"),
            event("update", time_s=1, severity="critical", confidence=0.9),
            event("update", time_s=2, severity="low"),
        ]
    )

    assert ("critical", 0.9) == (incident.severity, incident.confidence)


def test_the_first_picture_stays_in_front():
    later, first = event("update", time_s=9, evidence=[shot("b")]), event(evidence=[shot("a")])

    [incident] = merged([later, first])

    assert incident.picture is not None
    assert "a" * 64 == incident.picture.sha256


@pytest.mark.parametrize("handling", ["closed", "false_alarm"])
def test_what_goes_on_after_it_was_finished_bothers_nobody_and_a_new_start_does(handling):
    [open_] = merged([event("start")])
    finished = replace(open_, handling=handling, handled_at=at(20))

    more = merged([event("update", time_s=30), event("end", time_s=40)], [finished])
    again = merged([event("start", started=60)], more)

    assert [handling] == [incident.handling for incident in more]
    assert [handling, "new"] == [incident.handling for incident in again]


def test_a_resolved_incident_that_begins_again_is_new_again():
    [open_] = merged([event("start"), event("end", time_s=10)])
    resolved = replace(open_, handling="resolved", handled_at=at(20))

    step = merge([resolved], event("start", started=60), uuid7)
    late = merge([resolved], event("update", time_s=9), uuid7)

    assert ("new", True) == (step.incident.handling, step.reopened)
    assert ("resolved", False) == (late.incident.handling, late.reopened)


def test_a_restarted_node_ends_what_its_earlier_life_watched():
    [incident] = merged([event("start", boot="old"), event("start", started=5, boot="new")])

    ended = end_episodes(incident, at(9), node="lam-dong/box-01", unless_boot="new")

    assert [at(9), None] == [episode.ended_at for episode in ended.episodes]


def test_a_detail_without_end_stays_in_its_event():
    [incident] = merged([event(detail={"direction": "left", "path": [0.5] * 1000, **{f"k{n}": n for n in range(90)}})])

    assert "left" == incident.facts.detail["direction"]
    assert "path" not in incident.facts.detail
    assert 30 == len(incident.facts.detail)


def test_an_incident_does_not_grow_without_bound():
    told = [
        event(phase, started=n, time_s=n + 0.5, detail={"cause": f"c{n}"})
        for n in range(MOST_EPISODES + 50)
        for phase in ("start", "end")
    ]

    [incident] = merged(told)

    assert MOST_EPISODES == len(incident.episodes)
    assert at(0) == incident.started_at
