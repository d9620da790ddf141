"""Pictures and clips: what they say they are, under their own hash, and told to who waits for them."""

import hashlib
from datetime import timedelta

import pytest

from central.evidence import EvidenceFiles
from tests.central.support import JPEG, MP4, T0, event, received


def sha(body):
    return hashlib.sha256(body).hexdigest()


def put(central, body, name=None, headers=None):
    return central.client.put(f"/api/v1/evidence/{name or sha(body)}", content=body, headers=headers or central.node)


@pytest.mark.parametrize(("body", "kind"), [(JPEG, "image/jpeg"), (MP4, "video/mp4")])
def test_what_is_put_comes_back_under_its_hash(central, body, kind):
    answers = [put(central, body).status_code, put(central, body).status_code]

    back = central.client.get(f"/api/v1/evidence/{sha(body)}", headers=central.reader)

    assert [201, 204] == answers
    assert (body, kind) == (back.content, back.headers["content-type"])
    assert "immutable" in back.headers["cache-control"]


def test_a_body_in_pieces_is_put_together(central):
    pieces = (JPEG[n : n + 7] for n in range(0, len(JPEG), 7))

    assert 201 == central.client.put(f"/api/v1/evidence/{sha(JPEG)}", content=pieces, headers=central.node).status_code


@pytest.mark.parametrize(
    ("body", "name", "status"),
    [
        (JPEG, "a" * 64, 422),  # another hash
        (b"<html><script>alert(1)</script>", None, 415),
        (b"", None, 415),
        (b"\xff\xd8", None, 415),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_leaves_nothing(central, body, name, status):
    answer = put(central, body, name)

    assert status == answer.status_code
    assert 404 == central.client.get(f"/api/v1/evidence/{name or sha(body)}", headers=central.reader).status_code
    assert [] == list((central.house.config.evidence.dir / "incoming").iterdir())


def test_what_is_too_large_is_refused_before_and_while_it_comes(central, monkeypatch):
    monkeypatch.setattr("central.evidence.LARGEST_BYTES", 500)
    monkeypatch.setattr("central.api.evidence.LARGEST_BYTES", 500)

    said = put(central, JPEG)
    unsaid = central.client.put(f"/api/v1/evidence/{sha(JPEG)}", content=iter([JPEG]), headers=central.node)

    assert [413, 413] == [said.status_code, unsaid.status_code]


def test_only_nodes_may_put(central):
    csrf = central.log_in()

    assert 403 == put(central, JPEG, headers=csrf).status_code
    assert 403 == put(central, JPEG, headers=central.reader).status_code


def test_an_incident_shows_its_picture_once_that_has_come(central):
    shot = {"role": "snapshot", "sha256": sha(JPEG), "media_type": "image/jpeg", "bytes": len(JPEG)}
    central.house.inbox.take(received(event(evidence=[shot])))
    central.log_in()
    before = central.client.get("/api/v1/incidents").json()["incidents"][0]

    put(central, JPEG)

    after = central.client.get("/api/v1/incidents").json()["incidents"][0]
    assert ([], ["picture"]) == (before["evidence_stored"], after["evidence_stored"])
    assert after["changed"] > before["changed"]
    assert after["version"] == before["version"]


def test_a_full_disk_is_said_so_that_the_node_keeps_its_picture(central, monkeypatch):
    async def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EvidenceFiles, "_receive", full)

    assert 507 == put(central, JPEG).status_code


def test_old_pictures_are_forgotten_and_half_written_ones_cleared(tmp_path, store):
    now = [T0]
    files = EvidenceFiles(tmp_path / "evidence", store, keep_days=2, clock=lambda: now[0])
    (tmp_path / "evidence" / "incoming").mkdir(parents=True)
    (tmp_path / "evidence" / "incoming" / "half").write_bytes(b"x")
    files.prepare()
    incoming = tmp_path / "evidence" / "incoming" / "whole"
    incoming.write_bytes(JPEG)
    files._keep_file(incoming, sha(JPEG), "image/jpeg", len(JPEG))

    kept = files.forget_old()
    now[0] += timedelta(days=3)
    gone = files.forget_old()

    assert (0, 1, None) == (kept, gone, files.find(sha(JPEG)))
    assert [] == list((tmp_path / "evidence" / "incoming").iterdir())
