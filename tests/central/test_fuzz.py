"""Whatever is sent to the HTTP interface, the answer is described: never a 500, always a problem document."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.central.support import event, received

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
SANE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def described(answer):
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert "application/problem+json" == answer.headers["content-type"], answer.text
        assert answer.status_code == answer.json()["status"]


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    place=st.sampled_from(["incidents", "incidents/x", "incidents/x/actions", "events", "nodes", "cameras", "session"]),
    query=st.dictionaries(
        st.sampled_from(["state", "category", "severity", "area", "q", "after", "limit", "x"]),
        st.text(max_size=30) | st.integers().map(str),
        max_size=4,
    ),
    body=JSON,
)
@SANE
def test_any_request_gets_a_described_answer(central, method, place, query, body):
    content = json.dumps(body).encode() if method in {"POST", "PUT", "PATCH"} else None
    headers = central.reader | {"Content-Type": "application/json"}

    described(central.client.request(method, f"/api/v1/{place}", params=query, content=content, headers=headers))


@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@SANE
def test_any_login_gets_a_described_answer(central, body):
    described(central.client.post("/api/v1/session", content=body, headers={"Content-Type": "application/json"}))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "do": st.sampled_from(["acknowledge", "assign", "resolve", "close", "false_alarm", "reopen", "comment"])
            | JSON,
            "version": st.integers(-1, 9) | JSON,
            "reason": st.text(max_size=600) | JSON,
            "comment": st.text(max_size=50) | JSON,
            "assignee": st.text(max_size=70) | JSON,
            "x": JSON,
        },
    )
)
@SANE
def test_any_action_gets_a_described_answer_and_the_incident_stays_whole(central, wish):
    house = central.house
    if not getattr(central, "csrf", None):
        house.inbox.take(received(event()))
        central.csrf = central.log_in()
    incident = central.client.get("/api/v1/incidents").json()["incidents"][0]

    described(
        central.client.post(
            f"/api/v1/incidents/{incident['id']}/actions",
            content=json.dumps(wish).encode(),
            headers=central.csrf | {"Content-Type": "application/json"},
        )
    )

    whole = central.client.get(f"/api/v1/incidents/{incident['id']}").json()
    assert whole["version"] in {incident["version"], incident["version"] + 1}
    assert whole["state"] in {"new", "acknowledged", "in_progress", "resolved", "closed", "false_alarm"}


@pytest.mark.parametrize("cookie", ["x", "'; drop table users; --", "\x7f", "a" * 5000])
def test_any_cookie_is_only_a_stranger(central, cookie):
    answer = central.client.get("/api/v1/nodes", headers={"Cookie": f"ioc_session={cookie}"})

    assert answer.status_code in {400, 401}


@given(st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
@SANE
def test_any_token_is_only_a_stranger(central, token):
    headers = {b"Authorization": b"Bearer x" + bytes(b for b in token if b > 32)}

    described(central.client.get("/api/v1/nodes", headers=headers))


@given(st.binary(max_size=300))
@SANE
def test_any_evidence_gets_a_described_answer(central, body):
    described(central.client.put(f"/api/v1/evidence/{'0' * 64}", content=body, headers=central.node))
