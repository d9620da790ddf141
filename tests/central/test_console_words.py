"""The console's words: every one in both languages, and every kind that the edge can report."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from central.api.pages import WEB
from edge.smoke.visibility import View
from mqtt.kinds import KINDS, SEVERITIES

LANGUAGES = ("vi", "en")


def words(language):
    return json.loads((WEB / f"strings.{language}.json").read_text(encoding="utf-8"))


def scripts() -> list[Path]:
    return sorted(WEB.glob("*.js"))


def test_both_languages_say_the_same_things():
    vietnamese, english = (words(language) for language in LANGUAGES)

    assert vietnamese.keys() == english.keys()
    assert not [key for key in english if not english[key].strip() or not vietnamese[key].strip()]


def test_both_languages_fill_in_the_same_values():
    vietnamese, english = (words(language) for language in LANGUAGES)

    assert not [k for k in english if set(re.findall(r"{\w+}", english[k])) != set(re.findall(r"{\w+}", vietnamese[k]))]


@pytest.mark.parametrize("place", [0, 1], ids=LANGUAGES)
def test_every_kind_and_severity_is_called_what_the_contract_calls_it(place):
    told = words(LANGUAGES[place])

    for category, kinds in KINDS.items():
        assert f"category_{category}" in told
        assert {kind: names[place] for kind, names in kinds.items()} == {
            kind: told.get(f"kind_{category}_{kind}") for kind in kinds
        }
    assert {name: names[place] for name, names in SEVERITIES.items()} == {
        name: told.get(f"severity_{name}") for name in SEVERITIES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_why_a_view_cannot_be_judged_has_its_words(language):
    told = words(language)

    assert not [view for view in get_args(View) if view != "clear" and f"sight_{view}" not in told]


def test_every_text_that_the_scripts_ask_for_exists():
    told = words("en")
    asked = {
        key for file in scripts() for key in re.findall(r"""\bt\("([a-z_]+)\"""", file.read_text(encoding="utf-8"))
    }

    assert 50 < len(asked)
    assert [] == sorted(asked - told.keys())


BUILT = ("kind_", "category_", "severity_", "handling_", "label_", "phase_", "fix_", "do_", "did_", "reason_", "key_",
         "sight_", "state_", "mode_", "filter_")  # fmt: skip


def test_no_text_is_there_for_nobody():
    text = "".join(file.read_text(encoding="utf-8") for file in [*scripts(), WEB / "index.html"])

    assert [] == [key for key in words("en") if f'"{key}"' not in text and not key.startswith(BUILT)]


def test_scripts_never_parse_text_as_html():
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function")

    assert [] == [file.name for file in scripts() if forbidden.search(file.read_text(encoding="utf-8"))]


def test_every_module_is_reached_from_the_page():
    page = (WEB / "index.html").read_text(encoding="utf-8")
    text = page + "".join(file.read_text(encoding="utf-8") for file in scripts())

    assert [] == [file.name for file in scripts() if file.name not in text]
    assert [] == [file.name for file in WEB.glob("*.css") if file.name not in page]
