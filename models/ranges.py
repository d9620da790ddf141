"""The ranges of a model's activations, as shipped: with them a box makes the 8-bit model without any pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.card import ModelCard
from models.errors import ModelError

SHIPPED = Path(__file__).resolve().parent / "ranges"


class RangesFile(BaseModel):
    """What calibration found for one weights file, and what the 8-bit model made with it loses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parent: str = Field(pattern=r"^[0-9a-f]{64}$", description="sha256 of the weights")
    keep_first: int = Field(default=0, ge=0, description="convolutions at the beginning that stay in float")
    keep_last: int = Field(default=0, ge=0, description="convolutions before the last ones that stay in float")
    quality: dict[str, int | float | str] = Field(description="calibrated and judged on what, and how it did")
    ranges: dict[str, tuple[float, float]] = Field(min_length=1, description="least and greatest, by activation")

    @property
    def digest(self) -> str:
        """Changes when the 8-bit model made with it would."""
        return hashlib.sha256(
            self.model_dump_json(include={"parent", "keep_first", "keep_last", "ranges"}).encode()
        ).hexdigest()[:12]


def shipped_ranges(card: ModelCard, folder: Path = SHIPPED) -> RangesFile | None:
    """Return the ranges that were measured on exactly the card's weights, or None. Raises `ModelError`: unreadable."""
    path = folder / f"{card.name}.json"
    if not path.is_file():
        return None
    try:
        found = RangesFile.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ModelError(f"{path}: not a file of ranges: {error.errors()[0]['msg']}") from error
    return found if found.parent == card.sha256 else None
