"""What a weights file expects, its licence, its hash, and what it may be used for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from common.config import ConfigError, read_config
from common.media import cache_dir
from common.places import AnyPlace
from models.coco import COCO
from models.errors import ModelError, UnknownModel

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parent / "cards"

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputCard(_Part):
    """How a picture is turned into the model's input."""

    width: int = Field(ge=32, le=4096, description="pixels")
    height: int = Field(ge=32, le=4096, description="pixels")
    order: Literal["rgb", "bgr"] = Field(default="rgb", description="order of the colour planes")
    mean: tuple[float, float, float] = Field(default=(0, 0, 0), description="taken off each plane, of 0..255")
    scale: tuple[float, float, float] = Field(default=(1 / 255,) * 3, description="then multiplied, plane by plane")
    fit: Literal["letterbox", "stretch"] = Field(default="letterbox", description="keep the aspect ratio, or not")
    align: Literal["centre", "corner"] = Field(default="centre", description="where the picture lies in the letterbox")
    border: int = Field(default=114, ge=0, le=255, description="grey of the letterbox")
    reshape: bool = Field(default=False, description="the graph may be rewritten for another width and height")


class ThresholdCard(_Part):
    low: Share = Field(default=0.1, description="boxes below are never reported; trackers use the weak ones too")
    high: Share = Field(default=0.25, description="from here on a box is believed by itself")
    overlap: Share = Field(default=0.7, description="of two boxes of one label that overlap more, one goes (IoU)")
    alike_overlap: Share = Field(default=0.75, description="the same for labels that are easily confused")


class RecipeCard(_Part):
    """How to make the weights, where nobody publishes the finished file."""

    command: str = Field(description="what the user types")
    note: str = Field(default="", description="what it needs and what comes out")


class ModelCard(_Part):
    """One model: what it is, where it comes from, how it is fed and read, and what it may be used for."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="what configurations call it")
    version: str = Field(description="of these weights")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$", description="of the weights file")
    parent: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="sha256 of the weights that an 8-bit model was made from"
    )
    licence: str = Field(description="SPDX identifier, or 'not stated'")
    terms: str = Field(description="what the licence means here, in one or two sentences")
    use: Literal["product", "evaluation"] = Field(default="product", description="evaluation: never shipped")
    classes: tuple[str, ...] = Field(min_length=1, description="labels in the model's order, or 'coco'")
    input: InputCard
    layout: str = Field(description="how its output is read: a file of detectors/layouts")
    thresholds: ThresholdCard = Field(default=ThresholdCard(), description="0..1")
    alike: tuple[tuple[str, ...], ...] = Field(default=(), description="groups of labels that are easily confused")
    sources: tuple[AnyPlace, ...] = Field(default=(), description="where the file can be had, in this order")
    recipe: RecipeCard | None = Field(default=None, description="how to make it, where it cannot be had")
    quality: dict[str, int | float | str] = Field(default={}, description="measured on what, and how it did")

    @field_validator("classes", mode="before")
    @classmethod
    def _named_set(cls, classes: object) -> object:
        return COCO if classes == "coco" else classes

    @model_validator(mode="after")
    def _can_be_had(self) -> ModelCard:
        if self.sources and self.sha256 is None:
            raise ValueError("sources need a sha256: nothing is loaded unchecked")
        if not self.sources and self.recipe is None and self.sha256 is None:
            raise ValueError("needs sources with a sha256, or a recipe")
        strange = sorted({label for group in self.alike for label in group} - set(self.classes))
        if strange:
            raise ValueError(f"alike names {strange[0]!r}, which is not one of the classes")
        return self

    @property
    def file_name(self) -> str:
        return f"{self.name}.onnx"


def default_dir() -> Path:
    """Return where weights, and the cards of those made here, are kept when the configuration names no folder."""
    return cache_dir() / "models"


def all_cards(models_dir: Path | None = None) -> dict[str, ModelCard]:
    """Return every card by name: ours, and those beside the weights in `models_dir`, which win.

    A card there that cannot be read, such as one of a newer version, is left out with a line in the log.
    """
    cards, unread = _cards_in(models_dir or default_dir())
    for error in unread.values():
        log.warning("a model card cannot be read", extra={"reason": str(error)})
    return _shipped() | cards


def find_card(name: str, models_dir: Path | None = None) -> ModelCard:
    """Return the card called `name`, or the card in the file `name`. Raises `ModelError` that names those there are."""
    if name.endswith((".yaml", ".yml")):
        return _read(Path(name))
    cards, unread = _cards_in(models_dir or default_dir())
    if name in unread:
        raise unread[name]
    cards = _shipped() | cards
    if name not in cards:
        raise UnknownModel(f"there is no model card {name!r}; there are: {', '.join(sorted(cards))}")
    return cards[name]


def _shipped() -> dict[str, ModelCard]:
    return {card.name: card for card in map(_read, sorted(SHIPPED.glob("*.yaml")))}


def _cards_in(folder: Path) -> tuple[dict[str, ModelCard], dict[str, ModelError]]:
    """Return the cards by name, and by file name why each of the others cannot be read."""
    cards, unread = dict[str, ModelCard](), dict[str, ModelError]()
    for path in sorted(folder.glob("*.yaml")):
        try:
            card = _read(path)
        except ModelError as error:
            unread[path.stem] = error
        else:
            cards[card.name] = card
    return cards, unread


def _read(path: Path) -> ModelCard:
    try:
        return read_config(path, ModelCard)
    except ConfigError as error:
        raise ModelError(str(error)) from error
