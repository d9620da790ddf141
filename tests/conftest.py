"""What many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real footage with truth, beside the checkout or where IOC_MEDIA says; absent elsewhere."""
    for place in (os.environ.get("IOC_MEDIA"), ROOT.parent / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    pytest.skip("the evaluation data is not on this machine (set IOC_MEDIA to its folder)")
