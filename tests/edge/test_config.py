"""The node's file, exactly as the contract writes it, and the worst that an installer can do to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.config import ConfigError, read_config
from edge.config import NodeConfig

# The contract's own text: another system writes files like this one.
CONTRACT = """\
node: {id: box-01, site: lam-dong}
broker: {url: mqtt://127.0.0.1:1883}
cameras:
  - id: cam-01
    name: Ngã tư Phan Chu Trinh
    url: rtsp://user:pass@10.0.0.11/main      # file:, http(s): and rtsps: work too
    detect_url: rtsp://user:pass@10.0.0.11/sub   # optional sub-stream for detection
    area: "24848"
    position: {lat: 11.94, lon: 108.44, height_m: 18, azimuth_deg: 140, tilt_deg: -4, hfov_deg: 62}
    zones: {gate: [[0.10, 0.55], [0.48, 0.52], [0.50, 0.98], [0.08, 0.98]]}   # 0..1 of the picture, x right, y down
    lines: {north: {from: [0.2, 0.6], to: [0.8, 0.6]}}   # direction "right" = crossing towards the right-hand side
    masks: [[[0, 0], [0.2, 0], [0.2, 0.1], [0, 0.1]]]    # burned in before anything leaves the node
    rules:
      - {kind: line_count, name: northbound, line: north, labels: [car, motorcycle, bus, truck]}
      - {kind: intrusion, name: gate, zone: gate, labels: [person], after_s: 1}
      - {kind: loitering, name: gate-loiter, zone: gate, labels: [person], after_s: 20}
      - {kind: abandoned_object, name: left, zone: gate, after_s: 30}
      - {kind: crowd, name: square, zone: gate, at_least: 12, for_s: 10}
      - {kind: stopped_vehicle, name: shoulder, zone: gate, after_s: 10}
      - {kind: wrong_way, name: one-way, zone: gate, allowed_deg: 90, tolerance_deg: 60}
      - {kind: smoke, name: forest}
      - {kind: tamper}
"""


def test_the_contracts_own_file_loads_as_written(tmp_path: Path):
    config = read(tmp_path, CONTRACT)

    camera = config.cameras[0]
    assert "24848" == camera.area
    assert "Ngã tư Phan Chu Trinh" == camera.name
    assert (0.2, 0.6) == camera.lines["north"].from_
    assert 9 == len(camera.rules)
    assert {"line_count", "abandoned_object", "smoke", "tamper"} <= {rule.kind for rule in camera.rules}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("rtsp://", "the host is missing"),
        ("rtsp:///main", "the host is missing"),
        ("rtsp://10.0.0.11:port/main", "the port is not a number"),
        ("rtsp://10.0.0.11:99999/main", "the port is not a number"),
        ("rtsp://admin:ab/cd@10.0.0.11/main", "write / as %2F"),
        ("rtsp://admin:hunter2#@10.0.0.11/main", "write / as %2F"),
        ("ftp://10.0.0.11/main", "must start with one of rtsp:"),
        ("10.0.0.11/main", "must start with one of rtsp:"),
        ("rtsp://[10.0.0.11/main", "IPv6"),
    ],
)
@pytest.mark.parametrize("key", ["url", "detect_url"])
def test_an_address_that_cannot_work_is_told_before_it_is_tried(tmp_path: Path, key: str, url: str, says: str):
    good = {"url": "rtsp://user:pass@10.0.0.11/main ", "detect_url": "rtsp://user:pass@10.0.0.11/sub "}[key]
    line = next(n for n, text in enumerate(CONTRACT.splitlines(), 1) if f" {key}:" in text)

    said = mistakes(tmp_path, CONTRACT.replace(good, f'"{url}" '))

    assert 1 == len(said)
    assert said[0].startswith(f"{line}: cameras.0.{key}: "), said
    assert says in said[0]
    assert "hunter2" not in said[0]


def test_ten_mistakes_are_told_in_one_go(tmp_path: Path):
    text = CONTRACT
    for right, wrong in {
        "site: lam-dong": "site: Lâm Đồng",
        "mqtt://127": "amqp://127",
        'area: "24848"': "area: 24848",
        "lat: 11.94": "lat: 111.94",
        "azimuth_deg": "azimut_deg",
        "[0.50, 0.98]": "[50, 98]",
        "to: [0.8, 0.6]": "to: [0.8]",
        "for_s: 10": "for: 10",
        "after_s: 20": "after_s: soon",
        "kind: smoke": "kind: smok",
    }.items():
        assert right in text
        text = text.replace(right, wrong, 1)

    said = mistakes(tmp_path, text)

    for line, key, hint in [
        (1, "node.site", "lower-case letters"),
        (2, "broker.url", "mqtt://"),
        (8, "cameras.0.area", "in quotes"),
        (9, "cameras.0.position.lat", "90"),
        (9, "cameras.0.position.azimut_deg", "did you mean 'azimuth_deg'?"),
        (10, "cameras.0.zones.gate.2.0", "1"),
        (11, "cameras.0.lines.north.to", ""),
        (16, "cameras.0.rules.2.after_s", "number"),
        (18, "cameras.0.rules.4.for", "did you mean 'for_s'?"),
        (21, "cameras.0.rules.7", "did you mean 'smoke'?"),
    ]:
        assert any(each.startswith(f"{line}: {key}") and hint in each for each in said), (line, key, said)


def read(folder: Path, text: str) -> NodeConfig:
    file = folder / "node.yaml"
    file.write_text(text, encoding="utf-8")
    return read_config(file, NodeConfig)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder / 'node.yaml'}:", "").splitlines()
