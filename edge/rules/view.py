"""Compare what a camera shows now with the view it has learned: what is kept, what is lost, how sharp it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Gray, Picture

Plane: TypeAlias = npt.NDArray[np.float32]  # (height, width)
Numbers: TypeAlias = npt.NDArray[np.float64]
Blocks: TypeAlias = npt.NDArray[np.float32]  # (ROWS, COLUMNS)

WIDTH: Final = 320  # pixels at which a view is judged
ROWS, COLUMNS = 6, 8
YOUNG_S: Final = 4.0  # before this age everything is learned alike, and nothing is missed
SLOWLY: Final = 0.1
MEMORY_S: Final = 60.0  # the learned view follows the light at this pace
TEXTURED: Final = 1.5  # mean gradient (grey levels per pixel) from which a block says something about the view
LOST: Final = 0.35  # below this agreement of gradients a block shows something else
FAINT: Final = 0.45  # of the learned contrast: below it, and lost, a block is veiled
SAME_POINTS, SAME_SHARE = 20, 0.25  # matched points, and their share of all, that must agree on one movement
COLOUR: Final = 4.0  # grey levels by which the colours differ in a picture that is not grey
BLACK: Final = 18.0  # mean luma under which a block shows nothing: that is the night, not a cloth


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One picture, reduced to what survives weather and exposure."""

    gray: Gray
    along: Plane  # gradients with their angle doubled, so that light-to-dark and dark-to-light are the same edge
    across: Plane
    low: Plane  # only large shapes
    contrast: Blocks  # mean gradient
    sharpness: Blocks  # fine detail for its contrast
    luma: Blocks


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a picture differs from the learned view. All but `blocks` are shares, 0..1."""

    blocks: int  # how many blocks could be compared
    lost: float  # of them show something else than before
    veiled: float  # of them lost their contrast as well
    fresh: float  # of all blocks show clear structure that was not there
    alike: float  # correlation of the large shapes, -1..1
    sharpness: float  # median of today's sharpness over the learned one, in blocks that kept their structure or not
    blurred: float  # of the compared blocks are clearly less sharp


def features(gray: Gray) -> Features:
    """Return the features of a luma picture that is `WIDTH` wide."""
    plane = gray.astype(np.float32)
    smooth = cv2.GaussianBlur(plane, (0, 0), 2.0)
    dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
    strength = _strength(dx, dy)
    contrast = in_blocks(strength)
    detail = np.asarray(np.abs(cv2.Laplacian(plane, cv2.CV_32F)), np.float32)
    # Sensor noise is everywhere, detail is not: what the flattest parts have is taken for noise.
    noise = np.percentile(cv2.resize(detail, (32, 18), interpolation=cv2.INTER_AREA), 5)
    fine = np.maximum(in_blocks(detail) - np.float32(noise), 0)
    low = cv2.resize(cv2.GaussianBlur(plane, (0, 0), WIDTH / 32), (40, 24), interpolation=cv2.INTER_AREA)
    return Features(
        gray=gray,
        along=np.asarray((dx * dx - dy * dy) / (strength + 1e-3), np.float32),
        across=np.asarray(2 * dx * dy / (strength + 1e-3), np.float32),
        low=np.asarray(low, np.float32),
        contrast=contrast,
        sharpness=np.asarray(fine / np.maximum(contrast, 0.3), np.float32),
        luma=in_blocks(plane),
    )


def _strength(along: cv2.typing.MatLike, across: cv2.typing.MatLike) -> Plane:
    return np.asarray(cv2.magnitude(along, across), np.float32)  # 15 times quicker than np.hypot


def in_blocks(plane: npt.NDArray[np.float32]) -> Blocks:
    """Return the mean of each of the ROWS × COLUMNS blocks of a plane."""
    return np.asarray(cv2.resize(plane, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)


class LearnedView:
    """What the camera usually shows: edges, large shapes and sharpness, averaged over its last normal minute."""

    def __init__(self) -> None:
        self.age_s = 0.0
        self.latest: Features | None = None  # the last picture that was learned: for finding how a camera was turned
        self._along = self._across = self._low = np.zeros((0, 0), np.float32)
        self._sharpness = np.zeros((ROWS, COLUMNS), np.float32)

    def learn(self, now: Features, step_s: float) -> None:
        """Take in one normal picture, `step_s` after the one before."""
        self.age_s += step_s
        if self.latest is None or now.gray.shape != self.latest.gray.shape:
            self._along, self._across, self._low, self._sharpness = now.along, now.across, now.low, now.sharpness
        else:
            share = np.float32(min(1.0, max(step_s, 1e-3) / min(self.age_s, MEMORY_S))) * self._trust(now)
            size = now.along.shape[::-1]
            each = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_NEAREST), np.float32)
            self._along = self._along + each * (now.along - self._along)
            self._across = self._across + each * (now.across - self._across)
            self._sharpness = self._sharpness + share * (now.sharpness - self._sharpness)
            self._low = self._low + share.mean() * (now.low - self._low)
        self.latest = now

    def in_other_light(self, now: Features) -> LearnedView:
        """Return the view to begin with when the light has switched to `now`: the same edges, sharpness unknown."""
        other = LearnedView()
        other.age_s, other.latest = self.age_s, self.latest
        other._along, other._across, other._low, other._sharpness = self._along, self._across, now.low, now.sharpness
        return other

    def _trust(self, now: Features) -> Blocks:
        """Return how far each block is believed: what drives or stands in front of the view is learned slowly."""
        if self.age_s < YOUNG_S:
            return np.ones((ROWS, COLUMNS), np.float32)
        learned = in_blocks(_strength(self._along, self._across))
        empty = np.maximum(learned, now.contrast) < TEXTURED
        return np.where(empty | (self._agreement(now) >= LOST), 1.0, SLOWLY).astype(np.float32)

    def compare(self, now: Features) -> Comparison:
        """Return how `now` differs from the learned view. Contrast may be reversed: infrared does that."""
        learned = in_blocks(_strength(self._along, self._across))
        usable = (learned >= TEXTURED) & (now.luma >= BLACK)
        agreement = self._agreement(now)
        lost = usable & (agreement < LOST)
        veiled = lost & (now.contrast < FAINT * learned)
        fresh = (agreement < LOST) & (now.contrast >= np.maximum(1.5 * learned, TEXTURED))
        count = int(np.count_nonzero(usable))
        ratio = now.sharpness / np.maximum(self._sharpness, 1e-3)
        return Comparison(
            blocks=count,
            lost=_share(lost, count),
            veiled=_share(veiled, count),
            fresh=float(np.mean(fresh)),
            alike=_correlation(now.low, self._low),
            sharpness=float(np.median(ratio[usable])) if count else 1.0,
            blurred=_share(usable & (ratio < 0.75), count),
        )

    def _agreement(self, now: Features) -> Blocks:
        """Return, for each block, the correlation of its edges with the learned ones: 1 the same, near 0 by chance."""
        both = in_blocks(now.along * self._along + now.across * self._across)
        ours = in_blocks(np.square(now.along) + np.square(now.across))
        theirs = in_blocks(np.square(self._along) + np.square(self._across))
        return np.asarray(both / np.sqrt(np.maximum(ours * theirs, 1e-6)), np.float32)


def same_view(a: Gray, b: Gray) -> bool:
    """Return whether two pictures show the same things, also when the camera shakes between them."""
    return _transform(a, b) is not None


def movement(a: Gray, b: Gray) -> Numbers | None:
    """Return (5, 2) how far the picture's corners and middle have moved, in picture widths; None: nobody can say."""
    transform = _transform(a, b)
    if transform is None:
        return None
    height, width = a.shape
    points = np.array([[0, 0], [width, 0], [0, height], [width, height], [width / 2, height / 2]], np.float64)
    return np.asarray((points @ transform[:, :2].T + transform[:, 2] - points) / width, np.float64)


def has_colour(picture: Picture) -> bool:
    """Return False for the grey picture that a camera gives by infrared light."""
    blue, green, red = picture.scaled(32, 18).astype(np.float32).transpose(2, 0, 1)
    return float(np.mean(np.abs(red - green)) + np.mean(np.abs(blue - green))) >= COLOUR


def _transform(a: Gray, b: Gray) -> Numbers | None:
    """Return the (2, 3) shift, turn and scale on which enough ORB features agree (Rublee et al. 2011). About 20 ms."""
    orb = cv2.ORB_create(nfeatures=400, fastThreshold=8)  # type: ignore[attr-defined]
    (points_a, words_a), (points_b, words_b) = orb.detectAndCompute(a, None), orb.detectAndCompute(b, None)
    if words_a is None or words_b is None:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(words_a, words_b)
    if len(pairs) < SAME_POINTS:
        return None
    at_a = np.array([points_a[pair.queryIdx].pt for pair in pairs], np.float32)
    at_b = np.array([points_b[pair.trainIdx].pt for pair in pairs], np.float32)
    transform, agree = cv2.estimateAffinePartial2D(at_a, at_b, ransacReprojThreshold=3)
    count = 0 if agree is None else int(np.count_nonzero(agree))
    enough = count >= SAME_POINTS and count >= SAME_SHARE * len(pairs)
    return np.asarray(transform, np.float64) if enough else None


def _share(flags: npt.NDArray[np.bool_], count: int) -> float:
    return float(np.count_nonzero(flags) / count) if count else 0.0


def _correlation(a: Plane, b: Plane) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b) / size) if size > 1e-3 else 0.0
