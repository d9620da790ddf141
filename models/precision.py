"""Chooses between a model's own weights and its 8-bit twin, and makes the twin on this box when it is first needed."""

from __future__ import annotations

import fcntl
import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from models.card import ModelCard, default_dir, find_card
from models.errors import ModelError, UnknownModel
from models.quantize import quantized
from models.ranges import SHIPPED, RangesFile, shipped_ranges
from models.session import Provider
from models.store import add, ensure, local, read_checked

Precision: TypeAlias = Literal["auto", "fp32", "int8"]

CPUINFO = Path("/proc/cpuinfo")
DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"})  # x86's two and a half, and ARM's

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The weights to load. why_not_int8: why an 8-bit model, where it would be faster, is not used."""

    card: ModelCard
    path: Path
    why_not_int8: str | None = None


def choose(
    card: ModelCard,
    precision: Precision,
    *,
    providers: Sequence[Provider] = ("cpu",),
    models_dir: Path | None = None,
    cpuinfo: Path = CPUINFO,
    ranges_dir: Path = SHIPPED,
) -> Chosen:
    """Return the weights to load for `card`: in 8 bits where that is wanted, quicker, and can be had.

    "auto" takes 8 bits on CPUs that multiply them four at a time. Raises `ModelError` where not even the card's own
    weights can be had; whatever keeps the 8-bit model from being used is told, not raised.
    """
    path = ensure(card, models_dir)
    if precision == "fp32" or card.parent or providers[0] != "cpu":
        return Chosen(card, path)
    if precision == "auto" and not multiplies_bytes(cpuinfo):
        return Chosen(card, path, "this processor has no instructions for 8-bit models (VNNI)")
    try:
        return Chosen(*_twin(card, path, models_dir, ranges_dir))
    except (ModelError, OSError) as error:
        log.warning("model stays in floating point", extra={"model": card.name, "reason": str(error)})
        return Chosen(card, path, str(error))


def multiplies_bytes(cpuinfo: Path = CPUINFO) -> bool:
    """Return whether this processor adds products of bytes in one instruction; without, 8 bits are hardly faster."""
    try:
        words = cpuinfo.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return not DOT_PRODUCTS.isdisjoint(words)


def twin_name(name: str) -> str:
    """Return what the 8-bit twin of a model is called."""
    return f"{name}-int8"


def make_twin(card: ModelCard, content: bytes, found: RangesFile) -> tuple[ModelCard, bytes]:
    """Return card and weights of the 8-bit twin of `card`, whose own weights are `content`. Raises `ModelError`."""
    made = quantized(card.name, content, found.ranges, keep_first=found.keep_first, keep_last=found.keep_last)
    changes = {
        "name": twin_name(card.name),
        "sha256": hashlib.sha256(made).hexdigest(),
        "parent": card.sha256,
        "sources": (),
        "recipe": None,
        "quality": {**card.quality, **found.quality},
    }
    return card.model_copy(update=changes), made


def _twin(card: ModelCard, path: Path, models_dir: Path | None, ranges_dir: Path) -> tuple[ModelCard, Path]:
    found = shipped_ranges(card, ranges_dir)
    with _alone(models_dir or default_dir(), twin_name(card.name)):
        kept = _kept(card, models_dir, found)
        if kept is not None:
            return kept
        if found is None:
            raise ModelError(f"{card.name} has no ranges for these weights; make one: ioc models quantize {card.name}")
        log.info("making the 8-bit model", extra={"model": card.name})
        made, content = make_twin(card, read_checked(card, path), found)
        made = made.model_copy(update={"quality": {**made.quality, "ranges": found.digest}})
        return made, add(made, content, models_dir)


def _kept(card: ModelCard, models_dir: Path | None, found: RangesFile | None) -> tuple[ModelCard, Path] | None:
    """Return the twin that lies here, if it was made from these weights: on this site, or with the shipped ranges."""
    try:
        twin = find_card(twin_name(card.name), models_dir)
    except UnknownModel:
        return None
    path = local(twin, models_dir)
    made_with = twin.quality.get("ranges")
    if path is None or twin.parent != card.sha256 or (made_with and found and made_with != found.digest):
        return None
    try:
        read_checked(twin, path)
    except ModelError as error:
        log.warning("an 8-bit model is damaged and is made again", extra={"model": twin.name, "reason": str(error)})
        return None
    return twin, path


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Let one thread of one process at a time make a model in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
