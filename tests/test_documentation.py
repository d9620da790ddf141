"""What the documentation states is what the code does."""

from pathlib import Path

import pytest

from central.config import CentralConfig
from common.config import read_config
from edge.config import NodeConfig
from ioc.reference import pages

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["events.md", "settings.md", "commands.md"])
def test_a_generated_page_is_what_the_code_says_now(name: str):
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")

    assert pages()[name] == written, "run `make docs`"


def test_the_example_node_file_is_read_without_a_complaint():
    config = read_config(ROOT / "examples" / "node.yaml", NodeConfig)

    assert len(config.cameras[0].rules) == 9


def test_the_example_central_file_is_read_without_a_complaint():
    config = read_config(ROOT / "examples" / "central.yaml", CentralConfig)

    assert (config.host, config.port) == ("127.0.0.1", 8080)


def test_every_local_link_in_the_documentation_leads_somewhere():
    import re

    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert broken == []


def test_decisions_are_numbered_once_each():
    numbers = [file.name[:4] for file in (ROOT / "docs" / "decisions").glob("*.md")]

    assert sorted(set(numbers)) == sorted(numbers)
