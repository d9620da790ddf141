"""Where weights are kept, and how they get there: by hash, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import yaml

from common.media import fetch, folders
from common.places import FolderPlace, MediaError, PackagePlace, Progress
from models.card import ModelCard, default_dir
from models.errors import ModelError


def ensure(card: ModelCard, models_dir: Path | None = None, progress: Progress = lambda done, total: None) -> Path:
    """Return the card's weights file with its hash checked, fetched first where it is absent.

    Raises `ModelError`: it cannot be had (every place tried is listed) or must be made first (the recipe is named).
    """
    if card.sha256 is None:
        recipe = card.recipe
        raise ModelError(f"{card.name} has to be made first: {recipe.command if recipe else 'no recipe'}")
    try:
        return fetch(
            card.sha256, card.sources, name=card.file_name, into=models_dir or default_dir(), progress=progress
        )
    except MediaError as error:
        raise ModelError(str(error)) from error


def local(card: ModelCard, models_dir: Path | None = None) -> Path | None:
    """Return where the card's weights lie on this machine, or None. The hash is not checked here."""
    hints = [place.path for place in card.sources if isinstance(place, FolderPlace)]
    places = [(models_dir or default_dir()) / card.file_name]
    places += [place.file() for place in card.sources if isinstance(place, PackagePlace)]
    places += [folder / hint for folder in folders() for hint in [*hints, card.file_name]]
    return next((place for place in places if place.is_file()), None)


def read_checked(card: ModelCard, path: Path) -> bytes:
    """Return the content of the weights file at `path`; raise `ModelError` unless it is what the card says."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != card.sha256:
        raise ModelError(f"{path}: is not {card.name} {card.version}: sha256 {actual[:16]}…, not {card.sha256}")
    return content


def add(card: ModelCard, content: bytes, models_dir: Path | None = None) -> Path:
    """Keep weights that were made here, with their card beside them, so that `find_card` finds them by name."""
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"{card.name}: the card's hash is not that of the weights")
    folder = models_dir or default_dir()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((card.file_name, content), (f"{card.name}.yaml", _as_yaml(card))):
        part = folder / f"{name}.new"
        part.write_bytes(data)
        part.replace(folder / name)
    return folder / card.file_name


def _as_yaml(card: ModelCard) -> bytes:
    said = card.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True).encode()
