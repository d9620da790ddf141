"""What deceives a smoke watch although nothing burns: weather, light, the camera itself, and honest chimneys.

Each is a function (image, share of the time that has passed 0..1, state drawn once, fresh randomness) → image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.smoke_material.fires import Fire
from benchmarks.smoke_material.stills import Image

Field = npt.NDArray[np.float32]  # (height, width)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a nuisance knows of the view; `seed` fixes its own shape for the whole sequence."""

    horizon: float  # 0..1 of the height
    seed: int
    step_s: float

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


Nuisance = Callable[[Image, int, int, Scene, np.random.Generator], Image]


def clouds(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Cumulus that drifts along the sky and over the ridges."""
    height, width = image.shape[:2]
    lumps = _drifting(scene, look, width, height, size=0.18, speed=0.0006)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    sky = (1 - ((rows - scene.horizon + 0.02) / 0.06).clip(0, 1)) * ((rows - scene.horizon + 0.45) / 0.2).clip(0, 1)
    return _towards(image, 235, 0.85 * ((lumps - 0.55) * 5).clip(0, 1) * sky)


def shadows(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Shadows of clouds that wander over the land."""
    height, width = image.shape[:2]
    lumps = _drifting(scene, look, width, height, size=0.25, speed=0.0008)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    land = ((rows - scene.horizon) / 0.04).clip(0, 1)
    return _scaled(image, 1 - 0.45 * ((lumps - 0.5) * 5).clip(0, 1) * land)


def exposure(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Automatic exposure and white balance that jump every few minutes."""
    steps = scene.rng().choice([0.75, 0.9, 1.0, 1.0, 1.15, 1.35], size=looks)
    tints = scene.rng().normal(1, 0.05, (looks, 3))
    since = look - look % 7
    return np.asarray((image * (steps[since] * tints[since])).clip(0, 255), np.uint8)


def shake(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """A mast in the wind: the view shifts by up to 1/100 of its width."""
    height, width = image.shape[:2]
    dx, dy, turn = rng.normal(0, 0.003 * width), rng.normal(0, 0.003 * width), rng.normal(0, 0.15)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    matrix[:, 2] += (dx, dy)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def dusk(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Evening: darker, redder, noisier."""
    share = look / max(1, looks - 1)
    light = float(np.exp(-3.2 * share))
    noisy = image * (light * np.array([1 - 0.25 * share, 1 - 0.1 * share, 1.0]))
    return np.asarray((noisy + rng.normal(0, 1 + 5 * share, image.shape[:2])[..., None]).clip(0, 255), np.uint8)


def glare(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """The sun comes down into the picture and blooms."""
    height, width = image.shape[:2]
    x = scene.rng().uniform(0.2, 0.8) * width
    y = (-0.15 + (scene.horizon + 0.1) * look / max(1, looks - 1)) * height
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    far = np.hypot(xs - x, ys - y) / width
    strength = min(1.0, 2.2 * look / looks)
    bloom = strength * (np.exp(-far / 0.16) + 1.5 * (far < 0.03))
    return _towards(image, 255, bloom.clip(0, 1).astype(np.float32))


def fog(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Fog that rises out of the valleys, hides the land and goes again."""
    height, width = image.shape[:2]
    share = look / max(1, looks - 1)
    thick = float(np.sin(np.pi * min(1.0, 1.15 * share))) ** 0.7 if share < 0.87 else 0.0
    lumps = _drifting(scene, look, width, height, size=0.3, speed=0.0003)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    top = scene.horizon + 0.35 * (1 - thick) - 0.1
    layer = ((rows - top) / 0.15).clip(0, 1) * (0.35 + 0.9 * lumps)
    return _towards(image, 205, (1.25 * thick * layer).clip(0, 0.98))


def low_cloud(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """A bank of cloud that comes down over the ridges, hangs there with a ragged lower edge, and lifts again."""
    height, width = image.shape[:2]
    share = look / max(1, looks - 1)
    low = float(np.clip(3.5 * np.sin(np.pi * share) - 0.8, 0, 1))  # how far it has come down by now
    lumps = _drifting(scene, look, width, height, size=0.16, speed=0.0004)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    edge = scene.horizon - 0.12 + low * (0.14 + 0.14 * lumps)
    bank = ((edge - rows) / 0.05).clip(0, 1) * ((rows - scene.horizon + 0.4) / 0.2).clip(0, 1)
    return _towards(image, 222, min(1.0, 2 * low) * (0.7 + 0.28 * lumps) * bank)


def wisps(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Shreds of morning mist that hang in valleys, change shape and drift off."""
    height, width = image.shape[:2]
    lumps = _drifting(scene, look, width, height, size=0.05, speed=0.00015)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    band = np.exp(-(((rows - scene.horizon - 0.08) / 0.05) ** 2))
    return _towards(image, 215, 0.75 * ((lumps - 0.62) * 6).clip(0, 1) * band)


def chimney(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Steam from the same stack since before the watch began, with pauses."""
    fire = Fire.drawn(scene.rng(), image.shape[1], scene.horizon, faint=False)
    return fire.on(image, 3 * fire.grows_s, rng)[0]


def dust(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Dust behind vehicles: low, at another place of the track each time, gone a look later."""
    if rng.random() > 0.3:
        return image
    own = scene.rng()
    height, width = image.shape[:2]
    row, start, span = own.uniform(0.05, 0.2), own.uniform(0.1, 0.6), own.uniform(0.15, 0.35)
    x = (start + span * rng.random()) * width
    y = min(0.97, scene.horizon + row) * height
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    size = rng.uniform(0.015, 0.04) * width
    puff = np.exp(-(((xs - x) / (2.2 * size)) ** 2) - ((ys - y) / (0.5 * size)) ** 2)
    return _towards(image, 185, (0.6 * puff).astype(np.float32))


def drops(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Rain on the lens: blurred discs that come, slide and go."""
    height, width = image.shape[:2]
    blurred = cv2.GaussianBlur(image, (0, 0), 0.02 * width)
    mask = np.zeros((height, width), np.float32)
    for seed in range(look - 4, look + 1):  # each drop lives for five looks
        own = np.random.default_rng((scene.seed, abs(seed)))
        centre = (int(own.uniform(0, width)), int(own.uniform(0, height) + 0.01 * height * (look - seed)))
        cv2.circle(mask, centre, int(own.uniform(0.015, 0.05) * width), 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.006 * width)[..., None]
    return np.asarray((image * (1 - soft) + (0.85 * blurred + 25) * soft).clip(0, 255), np.uint8)


def quiet(image: Image, look: int, looks: int, scene: Scene, rng: np.random.Generator) -> Image:
    """Nothing at all: the view alone."""
    return image


NUISANCES: Final[Mapping[str, Nuisance]] = MappingProxyType(
    {
        one.__name__: one
        for one in (quiet, clouds, shadows, exposure, shake, dusk, glare, fog, low_cloud, wisps, chimney, dust, drops)
    }
)
BESIDE_A_FIRE: Final = ("quiet", "quiet", "clouds", "shadows", "exposure", "shake", "dust")


def _drifting(scene: Scene, look: int, width: int, height: int, *, size: float, speed: float) -> Field:
    """Return (height, width) noise 0..1 with lumps of `size` of the width, moved `speed` of the width per second."""
    own = scene.rng()
    cells = max(3, round(1 / size))
    travel = speed * scene.step_s * look
    total = np.zeros((height, width), np.float32)
    for octave in range(3):
        across = cells * 2**octave
        grid = own.random((max(2, across * height // width), 3 * across), np.float32)  # wider than the picture
        wide = cv2.resize(grid, (3 * width, height), interpolation=cv2.INTER_CUBIC)
        shift = int(travel * (1 + 0.15 * octave) * width) % (2 * width)  # small lumps move on: clouds change shape
        total += wide[:, shift : shift + width] / 2 ** (octave + 1)
    low, high = np.quantile(total[::8, ::8], [0.02, 0.98])
    return np.asarray(((total - low) / max(1e-6, high - low)).clip(0, 1), np.float32)


def _towards(image: Image, grey: float, alpha: Field) -> Image:
    mask = alpha[..., None]
    return np.asarray((image * (1 - mask) + grey * mask).clip(0, 255), np.uint8)


def _scaled(image: Image, factor: Field) -> Image:
    return np.asarray((image * factor[..., None]).clip(0, 255), np.uint8)
