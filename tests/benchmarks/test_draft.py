"""The draft of a truth: what is proposed for a clip, how it is judged, and how it is served and saved."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.draft.draft import Draft, camera_id_of
from benchmarks.draft.film import Film
from benchmarks.draft.propose import line_across, propose, zone_of
from benchmarks.draft.server import Desk, DraftServer, target_of
from benchmarks.draft.survey import Survey, Trail
from benchmarks.draft.truth_file import document_of, write_truth
from benchmarks.eval.truth import Truth
from common.config import read_config
from detectors.detections import Detections
from detectors.picture import Picture
from edge.geometry import Zone
from ioc.main import app, load_groups
from tests.rtsp.footage import film


def trail(label: str, start: tuple[float, float], end: tuple[float, float], looks: int = 20) -> Trail:
    way = np.linspace(start, end, looks)
    return Trail(label, np.column_stack([np.arange(looks) * 0.2, way]))


TRAFFIC = [trail("car", (0.4 + n * 0.02, 0.1), (0.45 + n * 0.02, 0.95)) for n in range(5)]


def test_a_line_is_proposed_square_to_the_traffic_and_every_trail_crosses_it():
    line = line_across(TRAFFIC, aspect=16 / 9)

    (x0, y0), (x1, y1) = line["from"], line["to"]
    assert abs(y1 - y0) * 9 < abs(x1 - x0) * 16 * 0.2
    assert all(min(x0, x1) < t.steps[10, 1] < max(x0, x1) for t in TRAFFIC)
    assert 0.3 < (y0 + y1) / 2 < 0.8


def test_a_zone_is_proposed_around_the_feet_with_few_corners():
    polygon = zone_of(TRAFFIC)

    assert 3 <= len(polygon) <= 10
    assert Zone(np.asarray(polygon)).contains(np.array([[0.48, 0.5], [0.05, 0.5]])).tolist() == [True, False]


def test_vehicles_get_a_road_people_a_yard_and_what_stands_still_gets_nothing():
    people = [trail("person", (0.1, 0.6 + n * 0.05), (0.9, 0.6 + n * 0.05)) for n in range(3)]
    parked = [trail("car", (0.8, 0.2), (0.81, 0.2)) for _ in range(4)]

    both = propose(Survey(tuple(TRAFFIC + people)), "gate")
    quiet = propose(Survey(tuple(parked)), "gate")

    assert {"road", "yard"} == both["zones"].keys()
    assert [r["kind"] for r in both["rules"] if r["kind"] == "line_count"] == ["line_count"]
    assert [{"kind": "tamper", "name": "camera"}] == quiet["rules"]


def test_what_is_proposed_is_a_valid_camera():
    camera = propose(Survey(tuple(TRAFFIC)), "gate")

    view = Truth.model_validate({"clip": "a.mp4", "camera": camera}).camera

    assert {"road"} == view.zones.keys() == view.lines.keys()
    assert ["line_count", "stopped_vehicle", "congestion", "tamper"] == [rule.kind for rule in view.rules]


@pytest.mark.parametrize(
    ("name", "camera"), [("Ngã tư 1.mp4", "ng--t--1"), ("A_b-c.avi", "a_b-c"), ("đ.mp4", "camera"), ("7.mp4", "7")]
)
def test_a_clip_s_name_becomes_a_camera_s_id(name: str, camera: str):
    assert camera == camera_id_of(Path(name))


class Grey:
    """A picture of one grey, 32 by 18 pixels."""

    width, height = 32, 18

    def scaled(self, width: int, height: int, **_: Any) -> Any:
        return np.full((height, width, 3), 90, np.uint8)


def test_the_film_shows_the_last_picture_that_is_not_later(tmp_path: Path):
    shots = Film(tmp_path, every_s=0.2)
    for n in range(26):
        shots.take(n * 0.04, Grey())

    assert [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] == pytest.approx(shots.times_s)
    assert "0000000400.jpg" == shots.at(0.55).name
    assert "0000000000.jpg" == shots.at(-1).name


def test_a_long_film_keeps_every_second_picture_and_stays_bounded(tmp_path: Path):
    shots = Film(tmp_path, every_s=1.0, most=10)
    for n in range(60):
        shots.take(float(n), Grey())

    assert len(shots.times_s) <= 10 and shots.times_s[-1] >= 50
    assert len(list(tmp_path.iterdir())) == len(shots.times_s)


def bright_square(picture: Picture) -> Detections:
    """Finds the film's bright square and calls it a person."""
    rows, columns = np.nonzero(picture.gray(160, 90) > 170)
    if not len(rows):
        return Detections.none()
    box = [columns.min() / 160, rows.min() / 90, (columns.max() + 1) / 160, (rows.max() + 1) / 90]
    return Detections(np.array([box], np.float32), np.array([0.9], np.float32), np.array(["person"]))


def walker(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Somebody walks from left to right between the second and the eighth second, then the yard is empty."""
    picture = np.full((180, 320), 60, np.uint8)
    if 50 <= number < 200:
        left = int((number - 50) / 150 * 290)
        picture[70:130, left : left + 24] = 220
    return picture


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("walk") / "walk.mp4", walker, 300)


YARD = {
    "id": "walk",
    "zones": {"yard": [[0.3, 0], [0.7, 0], [0.7, 1], [0.3, 1]]},
    "lines": {"middle": {"from": [0.5, 0], "to": [0.5, 1]}},
    "rules": [
        {"kind": "intrusion", "name": "yard", "zone": "yard", "labels": ["person"], "after_s": 1},
        {"kind": "line_count", "name": "middle", "line": "middle", "labels": ["person"]},
    ],
}


@pytest.fixture(scope="module")
def drafted(walk: Path, tmp_path_factory: pytest.TempPathFactory) -> Draft:
    return Draft(walk, bright_square, Film(tmp_path_factory.mktemp("film")))


def test_the_draft_says_what_the_rules_say_with_the_seconds_of_the_clip(drafted: Draft):
    truth = drafted.judge(YARD)

    assert [(e.kind, e.zone) for e in truth.events or ()] == [("intrusion", "yard")]
    assert 3.5 < (truth.events or ())[0].start_s < 5.5
    assert [(c.line, c.direction, c.label, c.count) for c in truth.counts or ()] == [("middle", "left", "person", 1)]


def test_the_detector_is_not_asked_again_where_the_survey_has_looked(walk: Path, tmp_path: Path):
    asked = []

    def counting(picture: Picture) -> Detections:
        asked.append(1)
        return bright_square(picture)

    draft = Draft(walk, counting, Film(tmp_path))
    looks = len(asked)
    draft.judge(YARD)

    assert 55 <= looks <= 65
    assert looks == len(asked)


def test_a_truth_file_reads_back_as_it_was_written(tmp_path: Path):
    truth = Truth.model_validate(
        {
            "clip": "a.mp4", "camera": YARD, "ignore": [[0, 2]], "notes": "Ngã tư",
            "events": [{"kind": "intrusion", "start_s": 4.2, "zone": "yard", "accept": ["loitering", "crowd"]}],
        }
    )  # fmt: skip
    write_truth(tmp_path / "a.truth.yaml", truth)

    text = (tmp_path / "a.truth.yaml").read_text(encoding="utf-8")
    assert truth == read_config(tmp_path / "a.truth.yaml", Truth)
    assert "Ngã tư" in text and "accept: [crowd, loitering]" in text
    assert [tmp_path / "a.truth.yaml"] == list(tmp_path.iterdir())


@pytest.fixture
def served(drafted: Draft, tmp_path: Path) -> Iterator[tuple[DraftServer, Path]]:
    target = tmp_path / "walk.truth.yaml"
    server = DraftServer(Desk(drafted, drafted.judge(YARD), target))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server, target
    server.shutdown()
    server.server_close()
    thread.join()


def ask(server: DraftServer, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    sent = None if body is None else json.dumps(body)
    connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    result = answer.status, answer.read()
    connection.close()
    return result


def test_the_page_gets_the_truth_and_a_picture_of_any_second(served: tuple[DraftServer, Path]):
    server, _ = served

    status, body = ask(server, "GET", f"/{server.token}/state")
    state = json.loads(body)

    assert (200, "walk.mp4") == (status, state["clip"])
    assert state["truth"]["events"][0]["kind"] == "intrusion" and state["rules"]["intrusion"]["zone"] is True
    assert ask(server, "GET", f"/{server.token}/picture?at=5.0")[1].startswith(b"\xff\xd8")
    assert ask(server, "GET", f"/{server.token}/")[1].startswith(b"<!doctype html>")


def test_a_correction_is_saved_and_a_mistake_is_named_and_saves_nothing(served: tuple[DraftServer, Path]):
    server, target = served
    state = json.loads(ask(server, "GET", f"/{server.token}/state")[1])
    corrected = {**state["truth"], "events": [{"kind": "loitering", "start_s": 3, "zone": "yard"}]}

    wrong, answer = ask(server, "PUT", f"/{server.token}/truth", {**corrected, "events": [{"kind": "x", "start_s": 1}]})
    assert (422, False) == (wrong, target.exists())
    assert "events.0: there is no kind 'x'" in json.loads(answer)["mistakes"][0]

    assert 200 == ask(server, "PUT", f"/{server.token}/truth", corrected)[0]
    assert [e.kind for e in read_config(target, Truth).events or ()] == ["loitering"]


def test_moved_lines_are_judged_anew(served: tuple[DraftServer, Path]):
    server, target = served
    nowhere = {**YARD, "zones": {"yard": [[0.9, 0.9], [1, 0.9], [1, 1]]}}

    status, body = ask(server, "POST", f"/{server.token}/judge", nowhere)

    assert (200, []) == (status, json.loads(body)["events"])
    assert not target.exists()


def test_nobody_without_the_address_gets_or_changes_anything(served: tuple[DraftServer, Path]):
    server, target = served
    truth = {"camera": YARD}

    refused = [
        ask(server, "GET", "/"),
        ask(server, "GET", "/guess/state"),
        ask(server, "GET", f"/{server.token}/../../etc/passwd"),
        ask(server, "GET", f"/{server.token}/state", Host="evil.example"),
        ask(server, "PUT", "/guess/truth", truth),
        ask(server, "PUT", f"/{server.token}/truth", truth, Host="evil.example"),
        ask(server, "PUT", f"/{server.token}/state", truth),
    ]

    assert {404} == {status for status, _ in refused}
    assert 400 == ask(server, "PUT", f"/{server.token}/truth", truth, **{"Content-Type": "text/plain"})[0]
    assert 422 == ask(server, "PUT", f"/{server.token}/truth", [1])[0]
    assert not target.exists()


def test_a_truth_that_stands_there_is_not_overwritten_unasked(walk: Path, monkeypatch: pytest.MonkeyPatch):
    import detectors.load
    import models.store

    class Found:
        def detect(self, pictures: list[Picture]) -> list[Detections]:
            return [bright_square(picture) for picture in pictures]

    monkeypatch.setattr(detectors.load, "load_detector", lambda card, path: Found())
    monkeypatch.setattr(models.store, "ensure", lambda card: Path("weights"))
    target = target_of(walk)
    write_truth(target, Truth.model_validate({"clip": "walk.mp4", "camera": YARD, "notes": "mine"}))
    if not app.registered_groups:
        load_groups()

    kept = json.loads(CliRunner().invoke(app, ["eval", "draft", str(walk), "--json"], catch_exceptions=False).stdout)
    mine = read_config(target, Truth)
    anew = json.loads(CliRunner().invoke(app, ["eval", "draft", str(walk), "--json", "--again"]).stdout)

    assert (False, "mine", "mine") == (kept["new"], kept["truth"]["notes"], mine.notes)
    assert anew["new"] and document_of(read_config(target, Truth)) == anew["truth"]
