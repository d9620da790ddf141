"""One fire seen by two cameras is one located incident, and nothing of either is lost."""

import math
from dataclasses import replace

import pytest
import sqlalchemy as sa

from central import views
from central.inbox import Inbox
from central.store.incident_rows import from_row, update
from central.store.tables import audit, events, evidence_of, incidents
from common.geodesy import metres_between, place_at
from mqtt.subscriber import Received
from mqtt.topics import NodeTopics
from mqtt.wire import Status
from tests.central.support import NODE, T0, at, event

FIRE = place_at(11.94, 108.44, 4000, 7000)
EYES = {"north": place_at(11.94, 108.44, 0, 0), "east": place_at(11.94, 108.44, 9000, 1000)}
OTHER_NODE = NodeTopics("lam-dong", "box-02")


def smoke(camera, phase="start", *, fire=FIRE, node="box-01", error_deg=0.5, detail=None, **more):
    lat, lon = EYES[camera]
    azimuth = math.degrees(math.atan2(*metres_between(lat, lon, *fire))) % 360
    bearing = {"lat": lat, "lon": lon, "azimuth_deg": azimuth, "error_deg": error_deg, "range_m": [0, 30_000]}
    told = event(phase, kind="wildfire.smoke", camera=camera, zone="forest",
                 detail={"bearing": bearing, "cause": "forest#1", **(detail or {})}, **more)  # fmt: skip
    return told.model_copy(update={"source": f"/lam-dong/{node}/{camera}"})


def received(*told):
    return [Received(NodeTopics(e.site, e.node), "event", e, e.to_bytes(), e.time) for e in told]


@pytest.fixture
def inbox(store):
    return Inbox(store, lambda changes: None, clock=lambda: T0)


def shown(store):
    with store.read() as db:
        return views.incidents(db, views.select_incidents().where(incidents.c.merged_into.is_(None)), {})


def shot(number):
    return {"role": "snapshot", "sha256": f"{number:064x}", "media_type": "image/jpeg", "bytes": 9}


def test_two_cameras_that_see_one_fire_tell_of_one_located_incident(inbox, store):
    inbox.take(received(smoke("north", evidence=[shot(1)])))
    inbox.take(
        received(smoke("east", started=90, node="box-02", boot="boot-2", severity="critical", evidence=[shot(2)]))
    )

    [incident] = shown(store)

    fix = incident["fix"]
    assert ("crossing", ["lam-dong/box-01/north", "lam-dong/box-02/east"]) == (fix["by"], fix["cameras"])
    assert math.hypot(*metres_between(fix["lat"], fix["lon"], *FIRE)) < fix["minor_m"] < 200
    assert ("critical", 2, 2) == (incident["severity"], incident["event_count"], incident["episodes"])
    with store.read() as db:
        homes = set(db.execute(sa.select(events.c.incident_id)).scalars())
        proofs = set(db.execute(sa.select(evidence_of.c.sha256, evidence_of.c.incident_id)).all())
        notes = list(db.execute(sa.select(audit.c.action, audit.c.detail)).all())
    assert {incident["id"]} == homes
    assert {(shot(1)["sha256"], incident["id"]), (shot(2)["sha256"], incident["id"])} == proofs
    assert ("united", "east") in [(action, detail.get("camera")) for action, detail in notes]


def test_what_the_second_camera_goes_on_to_tell_stays_in_the_common_incident_until_both_have_ended(inbox, store):
    inbox.take(received(smoke("north"), smoke("east", started=60, node="box-02", boot="boot-2")))

    inbox.take(received(smoke("east", "update", started=60, time_s=3000, node="box-02", boot="boot-2")))
    inbox.take(received(smoke("north", "end", time_s=3100)))
    between = shown(store)
    inbox.take(received(smoke("east", "end", started=60, time_s=4000, node="box-02", boot="boot-2")))
    after = shown(store)

    assert [("active", 4)] == [(i["condition"], i["event_count"]) for i in between]
    assert [("cleared", 5)] == [(i["condition"], i["event_count"]) for i in after]


def test_later_bearings_move_the_place(inbox, store):
    moved = place_at(*FIRE, 800, 400)
    inbox.take(received(smoke("north"), smoke("east", started=60)))
    inbox.take(
        received(
            smoke("north", "update", time_s=600, fire=moved),
            smoke("east", "update", started=60, time_s=600, fire=moved),
        )
    )

    [incident] = shown(store)

    assert math.hypot(*metres_between(incident["fix"]["lat"], incident["fix"]["lon"], *moved)) < 200


def test_a_node_that_starts_anew_ends_only_what_it_told_itself(inbox, store):
    inbox.take(received(smoke("north"), smoke("east", started=60, node="box-02", boot="boot-2")))

    birth = Status(state="online", boot_id="boot-3", version="1", at=at(500))
    inbox.take([Received(NODE, "status", birth, b"", at(500))])
    first = shown(store)
    inbox.take([Received(OTHER_NODE, "status", birth.model_copy(update={"boot_id": "boot-4"}), b"", at(500))])

    assert [["active"], ["cleared"]] == [[i["condition"] for i in first], [i["condition"] for i in shown(store)]]


@pytest.mark.parametrize(
    "second",
    [
        smoke("east", fire=place_at(11.94, 108.44, 30_000, 1000)),  # the lines part
        smoke("east", started=5 * 3600),  # hours later
        smoke("east", detail={"bearing": {"lat": 11.94, "lon": "nonsense"}}),
        smoke("east", detail={"bearing": None}),
    ],
    ids=["elsewhere", "later", "garbage", "none"],
)
def test_what_cannot_be_the_same_fire_stays_an_incident_of_its_own(inbox, store, second):
    inbox.take(received(smoke("north"), smoke("north", "end", time_s=30), second))

    assert 2 == len(shown(store))


def test_a_false_alarm_takes_no_other_camera_in(inbox, store):
    inbox.take(received(smoke("north")))
    with store.write() as db:
        row = db.execute(sa.select(incidents)).mappings().one()
        update(db, replace(from_row(row), handling="false_alarm", handled_at=at(10)))

    inbox.take(received(smoke("east", started=60)))

    assert {"false_alarm", "new"} == {i["state"] for i in shown(store)}


def test_the_same_messages_again_change_nothing(inbox, store):
    batch = received(smoke("north"), smoke("east", started=60))

    inbox.take(batch)
    inbox.take(batch)

    assert [2] == [incident["event_count"] for incident in shown(store)]


def test_a_union_that_was_a_mistake_is_parted_and_stays_so(central):
    tell = central.house.inbox.take
    tell(received(smoke("north", evidence=[shot(1)])))
    other = {"node": "box-02", "boot": "boot-2", "evidence": [shot(2)]}
    tell(received(smoke("east", started=60, **other)))
    csrf = central.log_in()
    [united] = shown(central.house.store)
    path = f"/api/v1/incidents/{united['id']}/part"
    wish = {"camera": "lam-dong/box-02/east", "version": united["version"]}

    stale = central.client.post(path, json={**wish, "version": 99}, headers=csrf)
    own = central.client.post(path, json={**wish, "camera": "lam-dong/box-01/north"}, headers=csrf)
    done = central.client.post(path, json=wish, headers=csrf)
    tell(received(smoke("east", "update", started=60, time_s=300, node="box-02", boot="boot-2")))
    tell(received(smoke("north", "update", time_s=300)))

    assert (409, 409, 200) == (stale.status_code, own.status_code, done.status_code), done.text
    north, east = sorted(shown(central.house.store), key=lambda i: i["number"])
    assert [("north", 2, 1), ("east", 2, 1)] == [(i["camera"], i["event_count"], i["episodes"]) for i in (north, east)]
    assert [shot(1)["sha256"], shot(2)["sha256"]] == [north["picture"], east["picture"]]
    assert [1, 1] == [len(i["sights"]) for i in (north, east)]
    whole = central.client.get(f"/api/v1/incidents/{east['id']}", headers=central.reader).json()
    assert ([2], ["part"]) == ([len(whole["events"])], [step["action"] for step in whole["history"]])
