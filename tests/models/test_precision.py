"""Which weights are loaded: 8-bit ones where they pay and can be had, the card's own in every other case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.card import ModelCard, all_cards, find_card
from models.errors import ModelError
from models.precision import choose, multiplies_bytes, twin_name
from models.ranges import RangesFile, shipped_ranges
from models.session import Session, SessionSettings
from models.store import ensure


@pytest.fixture
def with_vnni(tmp_path: Path) -> Path:
    file = tmp_path / "cpuinfo"
    file.write_text("flags : sse2 avx2 avx512f avx512_vnni\n")
    return file


@pytest.fixture
def without(tmp_path: Path) -> Path:
    file = tmp_path / "old-cpuinfo"
    file.write_text("flags : sse2 avx2\n")
    return file


@pytest.fixture
def yolov8n(tmp_path: Path) -> ModelCard:
    card = find_card("yolov8n")
    try:
        (tmp_path / card.file_name).write_bytes(ensure(card).read_bytes())
    except ModelError as error:
        pytest.skip(f"the weights of yolov8n cannot be had here: {error}")
    return card


def ranges_of(card: ModelCard, folder: Path, *, parent: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    found = shipped_ranges(card)
    assert found is not None
    changed = found.model_copy(update={"parent": parent or card.sha256})
    (folder / f"{card.name}.json").write_text(changed.model_dump_json())
    return folder


def test_where_bytes_are_multiplied_the_twin_is_made_once_and_kept(yolov8n, with_vnni, tmp_path):
    first = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)
    made_ns = first.path.stat().st_mtime_ns
    second = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)

    assert first.card.name == "yolov8n-int8"
    assert first.card.parent == yolov8n.sha256
    assert first.why_not_int8 is None
    assert second.card.sha256 == first.card.sha256
    assert second.path.stat().st_mtime_ns == made_ns
    assert Session("twin", second.path.read_bytes(), SessionSettings(threads=1)).input_shape[1] == 3


def test_an_older_processor_keeps_floating_point_unless_told_otherwise(yolov8n, without, tmp_path):
    by_itself = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=without)
    told = choose(yolov8n, "int8", models_dir=tmp_path, cpuinfo=without)

    assert by_itself.card == yolov8n
    assert "no instructions" in str(by_itself.why_not_int8)
    assert told.card.name == twin_name("yolov8n")


def test_floating_point_is_used_when_it_is_asked_for_and_on_accelerators(yolov8n, with_vnni, tmp_path):
    asked = choose(yolov8n, "fp32", models_dir=tmp_path, cpuinfo=with_vnni)
    on_a_gpu = choose(yolov8n, "auto", providers=["cuda", "cpu"], models_dir=tmp_path, cpuinfo=with_vnni)

    assert asked.card == on_a_gpu.card == yolov8n
    assert asked.why_not_int8 is None


def test_ranges_of_other_weights_are_not_used_and_the_reason_is_told(yolov8n, with_vnni, tmp_path):
    folder = ranges_of(yolov8n, tmp_path / "ranges", parent="0" * 64)

    chosen = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni, ranges_dir=folder)

    assert chosen.card == yolov8n
    assert "ioc models quantize yolov8n" in str(chosen.why_not_int8)


def test_a_twin_of_earlier_weights_is_made_again(yolov8n, with_vnni, tmp_path):
    old = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)
    stale = old.card.model_copy(update={"parent": "0" * 64})
    card_file = tmp_path / "yolov8n-int8.yaml"
    card_file.write_text(json.dumps(stale.model_dump(mode="json", exclude_defaults=True)))

    chosen = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)

    assert chosen.card.parent == yolov8n.sha256


def test_a_damaged_twin_is_made_again(yolov8n, with_vnni, tmp_path):
    choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni).path.write_bytes(b"rotten")

    chosen = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)

    assert chosen.why_not_int8 is None
    assert len(chosen.path.read_bytes()) > 1_000_000


def test_a_twin_that_was_calibrated_on_this_site_goes_before_the_shipped_ranges(yolov8n, with_vnni, tmp_path):
    shipped = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)
    own = shipped.card.model_copy(update={"quality": {"judged_on": "our street"}})
    (tmp_path / "yolov8n-int8.yaml").write_text(json.dumps(own.model_dump(mode="json", exclude_defaults=True)))

    chosen = choose(yolov8n, "auto", models_dir=tmp_path, cpuinfo=with_vnni)

    assert chosen.card.quality == {"judged_on": "our street"}


def test_a_machine_that_does_not_say_what_it_can_do_is_taken_for_an_old_one(tmp_path):
    assert multiplies_bytes(tmp_path / "nothing") is False


def test_an_unreadable_file_of_ranges_is_a_model_error(tmp_path):
    (tmp_path / "yolov8n.json").write_text("{}")

    with pytest.raises(ModelError, match="not a file of ranges"):
        shipped_ranges(find_card("yolov8n"), tmp_path)


@pytest.mark.parametrize("file", sorted((Path(__file__).parents[2] / "models" / "ranges").glob("*.json")))
def test_shipped_ranges_lose_less_than_a_point_and_belong_to_a_shipped_card(file: Path):
    found = RangesFile.model_validate_json(file.read_text())

    assert file.stem in all_cards()
    assert float(found.quality["loss"]) <= 1.0


def test_every_shipped_file_of_ranges_belongs_to_the_weights_of_today():
    for file in (Path(__file__).parents[2] / "models" / "ranges").glob("*.json"):
        assert shipped_ranges(find_card(file.stem)) is not None, f"{file.name}: run ioc models quantize again"
