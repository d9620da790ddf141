"""The HTTP interface, over a real socket: who may come in, the queue, actions, events, vitals, problems."""

import httpx
import pytest

from central.attempts import FREE_ATTEMPTS
from mqtt.event import Event
from mqtt.subscriber import Received
from mqtt.wire import Health
from tests.central.conftest import PASSWORD
from tests.central.support import NODE, T0, event, received


@pytest.fixture
def tell(central):
    return lambda *events: central.house.inbox.take(received(*events))


def the_incident(central, **query):
    return central.client.get("/api/v1/incidents", params=query).json()["incidents"][0]


def act(central, incident, do, csrf, version=None, **more):
    body = {"do": do, "version": version or incident["version"], **more}
    return central.client.post(f"/api/v1/incidents/{incident['id']}/actions", json=body, headers=csrf)


# Coming in


@pytest.mark.parametrize(
    "path", ["incidents", "incidents/x", "events", "stream", "nodes", "cameras", f"evidence/{'a' * 64}"]
)
def test_nothing_is_shown_to_strangers(central, path):
    answer = central.client.get(f"/api/v1/{path}")

    assert (401, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_a_session_cookie_can_neither_be_read_by_scripts_nor_sent_by_other_sites(central):
    answer = central.client.post("/api/v1/session", json={"name": "minh", "password": PASSWORD})

    cookie = answer.headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.cookies["ioc_session"] not in answer.text


def test_a_wrong_password_and_an_unknown_name_look_the_same(central):
    answers = [
        central.client.post("/api/v1/session", json={"name": name, "password": "wrong-wrong"})
        for name in ("minh", "nobody")
    ]

    assert [401, 401] == [answer.status_code for answer in answers]
    assert answers[0].json() == answers[1].json()


def test_who_guesses_passwords_has_to_wait_even_with_the_right_one(central):
    for _ in range(FREE_ATTEMPTS):
        central.client.post("/api/v1/session", json={"name": "minh", "password": "wrong-wrong"})

    answer = central.client.post("/api/v1/session", json={"name": "minh", "password": PASSWORD})
    other = central.client.post("/api/v1/session", json={"name": "lan", "password": PASSWORD})

    assert (429, 201) == (answer.status_code, other.status_code)
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_another_site_cannot_log_somebody_in(central):
    answer = central.client.post(
        "/api/v1/session", json={"name": "minh", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert 403 == answer.status_code


def test_a_session_ends_when_it_is_told_to(central):
    csrf = central.log_in()

    out = central.client.delete("/api/v1/session", headers=csrf)

    assert (204, 401) == (out.status_code, central.client.get("/api/v1/nodes").status_code)
    assert {"name": None, "role": None, "csrf": None} == central.client.get("/api/v1/session").json()


@pytest.mark.parametrize("header", [{}, {"X-CSRF-Token": "guessed"}])
def test_a_change_without_the_csrf_token_is_refused(central, tell, header):
    tell(event())
    central.log_in()

    answer = act(central, the_incident(central), "acknowledge", header)

    assert (403, "new") == (answer.status_code, the_incident(central)["state"])


def test_a_viewer_may_look_and_not_act(central, tell):
    tell(event())
    csrf = central.log_in("khach")

    assert 403 == act(central, the_incident(central), "acknowledge", csrf).status_code


def test_tokens_do_what_their_role_says_and_no_more(central):
    get, url = central.client.get, "/api/v1/incidents"

    assert 200 == get(url, headers=central.reader).status_code
    assert 403 == get(url, headers=central.node).status_code
    assert 401 == get(url, headers={"Authorization": "Bearer ioc_wrong"}).status_code
    assert 401 == get(url, headers={"Authorization": "Basic bWluaDp4"}).status_code


# The queue


def test_the_queue_is_newest_first_in_pages(central, tell):
    tell(*(event(camera=f"cam-{n}") for n in range(5)))

    first = central.client.get("/api/v1/incidents", params={"limit": 3}, headers=central.reader).json()
    second = central.client.get(
        "/api/v1/incidents", params={"limit": 3, "after": first["next"]}, headers=central.reader
    ).json()

    assert [5, 4, 3] == [i["number"] for i in first["incidents"]]
    assert ([2, 1], None) == ([i["number"] for i in second["incidents"]], second["next"])


def test_the_queue_is_filtered_by_state_category_area_severity_and_words(central, tell):
    tell(event(), event(kind="wildfire.smoke", camera="tram-1", severity="critical", area="24850"))
    central.log_in()

    def found(**query):
        return [i["kind"] for i in central.client.get("/api/v1/incidents", params=query).json()["incidents"]]

    assert ["smoke"] == found(category="wildfire")
    assert ["smoke"] == found(area="24850", state="open")
    assert ["smoke"] == found(severity="critical,high", q="TRAM")
    assert ["intrusion"] == found(q="1", severity="high")
    assert [] == found(q="100%_")
    assert [] == found(state="closed,false_alarm")
    assert ["smoke", "intrusion"] == found(state="new,acknowledged")


def test_one_incident_comes_with_its_place_events_evidence_and_history(central, tell):
    shot = {"role": "snapshot", "sha256": "a" * 64, "media_type": "image/jpeg", "bytes": 9}
    tell(event(evidence=[shot], detail={"camera_name": "Cổng Bắc"}), event("end", time_s=9))
    csrf = central.log_in()
    incident = the_incident(central)
    act(central, incident, "acknowledge", csrf)

    whole = central.client.get(f"/api/v1/incidents/{incident['id']}").json()

    assert ("Cổng Bắc", "Phường Langbiang - Đà Lạt") == (whole["camera_name"], whole["area_name"])
    assert ["end", "start"] == [e["event"]["data"]["phase"] for e in whole["events"]]
    assert [("a" * 64, False)] == [(e["sha256"], e["stored"]) for e in whole["evidence"]]
    assert [("minh", "acknowledge", "new", "acknowledged")] == [
        (step["who"], step["action"], step["from"], step["to"]) for step in whole["history"]
    ]


def test_numbers_that_are_none_reach_screens_as_nothing(central):
    odd = event(detail={"speed": 1.5}).to_bytes().replace(b"1.5", b"NaN")
    odd = odd.replace(b'"position":null', b'"position":{"lat":12,"lon":108,"accuracy_m":Infinity}')
    health = b'{"at":"2026-03-01T00:00:00Z","boot_id":"b","version":"1","cpu":Infinity,"cameras":{"cam-01":{}}}'
    central.house.inbox.take(received(Event.from_bytes(odd)))
    central.house.inbox.take([Received(NODE, "health", Health.from_bytes(health), health, T0)])
    central.log_in()

    incident = the_incident(central)
    whole = central.client.get(f"/api/v1/incidents/{incident['id']}").json()

    assert ({"speed": None}, None) == (incident["detail"], incident["position"]["accuracy_m"])
    assert whole["events"][0]["event"]["data"]["detail"] == {"speed": None}
    assert central.client.get("/api/v1/nodes").json()["nodes"][0]["health"]["cpu"] is None
    assert 1 == len(central.client.get("/api/v1/cameras").json()["cameras"])


# Acting


def test_an_incident_goes_from_new_to_closed_and_every_step_is_remembered(central, tell):
    tell(event())
    csrf = central.log_in()
    steps = [
        ("acknowledge", "acknowledged"),
        ("assign", "in_progress"),
        ("resolve", "resolved"),
        ("close", "closed"),
        ("reopen", "acknowledged"),
    ]

    reached = [act(central, the_incident(central), do, csrf).json()["state"] for do, _ in steps]

    assert [state for _, state in steps] == reached
    assert 5 == len(central.client.get(f"/api/v1/incidents/{the_incident(central)['id']}").json()["history"])


def test_who_looked_too_long_ago_is_told_who_was_faster(central, tell):
    tell(event())
    incident = the_incident_as_lan(central)
    act(central, incident, "acknowledge", central.log_in("lan"))

    answer = act(central, incident, "resolve", central.log_in("minh"))

    problem = answer.json()
    assert (409, "/problems/stale") == (answer.status_code, problem["type"])
    assert ("lan", "acknowledge", 2) == (problem["changed_by"], problem["action"], problem["version"])


def the_incident_as_lan(central):
    central.log_in("lan")
    return the_incident(central)


def test_updates_of_an_ongoing_incident_do_not_make_the_operators_view_stale(central, tell):
    tell(event())
    csrf = central.log_in()
    incident = the_incident(central)
    tell(event("update", time_s=10), event("update", time_s=20))

    assert 200 == act(central, incident, "acknowledge", csrf).status_code


def test_a_false_alarm_needs_a_reason(central, tell):
    tell(event())
    csrf = central.log_in()
    incident = the_incident(central)

    without = act(central, incident, "false_alarm", csrf, reason="  ")
    with_ = act(central, incident, "false_alarm", csrf, reason="Cây cối, bóng đổ")

    assert (422, "reason") == (without.status_code, without.json()["field"])
    assert "Cây cối, bóng đổ" == with_.json()["history"][-1]["reason"]


def test_a_step_that_makes_no_sense_is_refused(central, tell):
    tell(event())
    csrf = central.log_in()

    answer = act(central, the_incident(central), "reopen", csrf)

    assert (409, "/problems/not-now", "new") == (answer.status_code, answer.json()["type"], answer.json()["state"])


def test_a_comment_changes_nothing_but_the_history(central, tell):
    tell(event())
    csrf = central.log_in()

    after = act(central, the_incident(central), "comment", csrf, comment="Đã gọi bảo vệ").json()

    assert ("new", "Đã gọi bảo vệ") == (after["state"], after["history"][0]["comment"])


def test_assigning_names_who_handles_it(central, tell):
    tell(event())
    csrf = central.log_in()

    assert "Đội 3" == act(central, the_incident(central), "assign", csrf, assignee="Đội 3").json()["assignee"]


# Following along


def test_events_are_read_in_the_order_of_storage(central, tell):
    tell(*(event(camera=f"cam-{n}", seq=n + 1) for n in range(5)))

    seen, cursor = [], 0
    while page := central.client.get(
        "/api/v1/events", params={"after": cursor, "limit": 2}, headers=central.reader
    ).json():
        seen += page["events"]
        if page["next"] == cursor:
            break
        cursor = page["next"]

    assert ["cam-0", "cam-1", "cam-2", "cam-3", "cam-4"] == [e["camera"] for e in seen]
    assert {"id", "node", "boot_id", "seq", "stored_at"} <= seen[0].keys()
    assert "vn.ioc.security.intrusion.v1" == seen[0]["event"]["type"]


# Vitals and problems


def test_alive_is_not_ready_without_a_broker(central):
    ready = central.client.get("/readyz")

    assert 200 == central.client.get("/healthz").status_code
    assert (503, {"broker": "not connected"}) == (ready.status_code, ready.json()["missing"])


def test_figures_are_for_prometheus(central, tell):
    tell(event(), event(camera="cam-02", severity="critical"))

    text = central.client.get("/metrics").text

    assert "ioc_events_stored_total 2.0" in text
    assert 'ioc_incidents_open{severity="critical"} 1.0' in text
    assert "ioc_broker_connected 0.0" in text


def test_the_interface_describes_itself(central):
    document = central.client.get("/api/v1/openapi.json").json()

    paths, shapes = document["paths"], document["components"]["schemas"]
    assert {"number", "severity", "state", "version"} <= set(shapes["IncidentSummary"]["required"])
    assert "application/problem+json" in paths["/api/v1/incidents"]["get"]["responses"]["4XX"]["content"]
    assert {
        "/healthz", "/readyz", "/metrics", "/api/v1/events", "/api/v1/incidents", "/api/v1/incidents/{incident_id}",
        "/api/v1/incidents/{incident_id}/actions", "/api/v1/stream", "/api/v1/evidence/{sha256}",
        "/api/v1/nodes", "/api/v1/cameras",
    } <= paths.keys()  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/incidents", 405),
        ("GET", "/api/v1/incidents/nothing", 404),
        ("GET", "/api/v1/incidents?limit=0", 422),
        ("GET", "/api/v1/incidents?after=x", 422),
        ("GET", "/api/v1/incidents?state=asleep", 422),
        ("GET", "/api/v1/events?after=99999999999999999999", 422),
        ("GET", "/api/v1/evidence/xyz", 422),
    ],
)
def test_every_error_is_a_problem_document(central, method, path, status):
    answer = central.client.request(method, path, headers=central.reader)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert {"type", "title", "status", "detail"} <= answer.json().keys()


def test_a_store_that_is_away_is_said_and_not_hidden(central, monkeypatch):
    central.log_in()
    central.house.store.engine.dispose()
    monkeypatch.setattr(central.house.store, "_engine", _Broken())

    assert 503 == central.client.get("/api/v1/nodes").status_code


class _Broken:
    dialect = None

    def connect(self):
        import sqlalchemy as sa

        raise sa.exc.OperationalError("select", {}, Exception("disk I/O error"))

    def dispose(self):
        pass


@pytest.mark.parametrize("body", [b"x" * 100_000, iter([b"x" * 60_000, b"x" * 60_000])], ids=["said", "unsaid"])
def test_a_body_without_end_is_cut(central, body):
    answer = central.client.post("/api/v1/session", content=body, headers={"Content-Type": "application/json"})

    assert (413, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_pages_forbid_foreign_scripts_and_frames(central):
    headers = central.client.get("/").headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert ("nosniff", "DENY") == (headers["x-content-type-options"], headers["x-frame-options"])


def test_the_consoles_files_name_no_other_place(central):
    for name in ("", "web/main.js", "web/base.css", "web/strings.vi.json"):
        text = central.client.get(f"/{name}").text

        assert "//cdn" not in text
        assert "https://" not in text


def test_nothing_outside_the_consoles_folder_is_served(central):
    for path in ("/web/../app.py", "/web/%2e%2e/app.py", "/web/..%2fapp.py", "/web//etc/passwd"):
        answer = httpx.get(f"{central.client.base_url}".rstrip("/") + path, trust_env=False)

        assert 404 == answer.status_code, path
