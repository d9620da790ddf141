from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.config import ConfigError, read_config
from edge.config import NodeConfig

GOOD = """\
node: {id: box-01, site: lam-dong}
broker: {url: mqtt://127.0.0.1:1883}
cameras:
  - id: cam-01
    url: rtsp://user:pass@10.0.0.11/main
    zones: {gate: [[0.1, 0.5], [0.5, 0.5], [0.5, 1.0]]}
    rules:
      - {kind: intrusion, name: gate, zone: gate, after_s: 1}
"""


def mistakes(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "node.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_config(file, NodeConfig)
    return str(caught.value).replace(f"{file}:", "").splitlines()


def test_a_good_file_is_read(tmp_path: Path):
    file = tmp_path / "node.yaml"
    file.write_text(GOOD, encoding="utf-8")

    config = read_config(file, NodeConfig)

    assert config.cameras[0].id == "cam-01"


def test_all_mistakes_are_named_at_once_with_line_key_and_likely_meaning(tmp_path: Path):
    text = GOOD.replace("site:", "cite:").replace("after_s: 1", "after_second: 1").replace("0.1, 0.5", "1.1, 0.5")

    said = mistakes(tmp_path, text)

    assert "1: node.site: is missing" in said
    assert "1: node.cite: there is no such setting; did you mean 'site'?" in said
    assert any(line.startswith("6: cameras.0.zones.gate.0.0: ") for line in said), said
    assert any(line.startswith("8: cameras.0.rules.0.after_second: ") and "'after_s'" in line for line in said), said


def test_a_misspelt_rule_kind_is_guessed(tmp_path: Path):
    assert mistakes(tmp_path, GOOD.replace("intrusion", "intruson")) == [
        "8: cameras.0.rules.0: there is no kind 'intruson'; did you mean 'intrusion'?"
    ]


def test_a_zone_that_was_never_drawn_is_named(tmp_path: Path):
    said = mistakes(tmp_path, GOOD.replace("zone: gate", "zone: door"))

    assert any("there is no zone 'door' on this camera (there: gate)" in line for line in said), said


def test_a_key_written_twice_is_refused(tmp_path: Path):
    said = mistakes(tmp_path, GOOD + "broker: {url: mqtt://10.0.0.1}\n")

    assert said == ["9: not valid YAML: the key 'broker' is written twice"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("node: [", "not valid YAML"),
        ("just words", "valid dictionary"),
        ("a: &x [*x]", ""),
    ],
)
def test_what_is_no_configuration_at_all_is_said_plainly(tmp_path: Path, text: str, says: str):
    assert says in "\n".join(mistakes(tmp_path, text))


def test_a_missing_file_and_a_binary_file_are_told_apart(tmp_path: Path):
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00node")

    with pytest.raises(ConfigError, match="No such file"):
        read_config(tmp_path / "none.yaml", NodeConfig)
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_config(binary, NodeConfig)


@given(st.binary(max_size=400))
def test_no_file_content_ends_in_anything_but_a_clear_error(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    file = tmp_path_factory.mktemp("fuzz") / "n.yaml"
    file.write_bytes(content)

    with pytest.raises(ConfigError):
        read_config(file, NodeConfig)


@given(st.text(alphabet="abc:{}[]-&*!|>'\"# \n0129.,", max_size=120))
def test_no_yaml_like_text_ends_in_anything_but_a_clear_error(tmp_path_factory: pytest.TempPathFactory, content: str):
    file = tmp_path_factory.mktemp("fuzz") / "n.yaml"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError):
        read_config(file, NodeConfig)
