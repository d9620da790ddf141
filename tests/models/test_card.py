"""Model cards: every shipped one is sound, and a wrong one is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.card import SHIPPED, all_cards, find_card
from models.coco import COCO
from models.errors import ModelError

GOOD = """
name: site
version: "1"
sha256: {sha}
licence: CC0-1.0
terms: ours
classes: [car, bus]
input: {{width: 320, height: 192}}
layout: yolov8
""".format(sha="ab" * 32)


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_every_shipped_card_says_where_its_weights_come_from_and_under_what_terms(name):
    card = find_card(name)

    assert card.name == name
    assert card.terms
    assert card.sources or card.recipe
    assert card.thresholds.low <= card.thresholds.high


def test_coco_has_its_eighty_labels_in_order():
    card = find_card("yolov8n")

    assert card.classes == COCO
    assert len(set(COCO)) == 80
    assert (COCO[0], COCO[2], COCO[3], COCO[7], COCO[79]) == ("person", "car", "motorcycle", "truck", "toothbrush")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ModelError, match=r"no model card 'yolov9'; there are: .*yolov8n"):
        find_card("yolov9")


def test_a_card_beside_the_weights_wins_over_ours(tmp_path: Path):
    (tmp_path / "site.yaml").write_text(GOOD.replace("name: site", "name: yolov8n"))

    assert find_card("yolov8n", tmp_path).classes == ("car", "bus")


def test_a_card_of_a_newer_version_blinds_only_itself(tmp_path: Path):
    (tmp_path / "site.yaml").write_text(GOOD)
    (tmp_path / "newer.yaml").write_text(GOOD.replace("name: site", "name: newer") + "invented_later: 1\n")

    assert {"site", "yolov8n"} <= all_cards(tmp_path).keys()
    assert "site" == find_card("site", tmp_path).name
    with pytest.raises(ModelError, match="invented_later"):
        find_card("newer", tmp_path)


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (("sha256: abab", "sha256: zzab"), r"site\.yaml:4: sha256"),
        (("layout:", "layuot:"), r"layuot: there is no such setting; did you mean 'layout'"),
        (("width: 320", "width: 3"), r"input\.width: Input should be greater than or equal to 32"),
        (("layout: yolov8", "layout: yolov8\nalike: [[car, lorry]]"), "alike names 'lorry'"),
        (("layout: yolov8", "layout: yolov8\nsources: [{kind: floppy}]"), "there is no kind 'floppy'"),
    ],
)
def test_a_mistake_in_a_card_is_named_by_line_and_key(tmp_path: Path, change, mistake):
    path = tmp_path / "site.yaml"
    path.write_text(GOOD.replace(*change))

    with pytest.raises(ModelError, match=mistake):
        find_card(str(path))
