"""Can this view be judged at all? Night, fog, low cloud and glare are named: silence must not be taken for safety."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Gray, Picture
from edge.smoke.backdrop import Box

View: TypeAlias = Literal["clear", "partly", "night", "fog", "cloud", "glare"]
Tiles: TypeAlias = npt.NDArray[np.float32]  # (ROWS - LAND, COLUMNS)

WIDTH: Final = 320
DARK_LUMA: Final = 28.0  # three quarters of a night view without lamps stay below this
USUAL_LUMA: Final = 100.0  # mean of a view by day, at which detail is stated
BRIGHT_LUMA: Final = 245.0
GLARE_SHARE: Final = 0.5  # of the picture burned out
ROWS, COLUMNS = 8, 10  # tiles in which detail is compared: a valley of fog or a drop on the lens fills one
LAND: Final = 3  # the first row of tiles that shows land: cameras place the horizon at or below 0.4 of the height
DETAIL_LOST: Final = 0.35  # of the usual detail, below which a tile is hidden (fixed cameras' fog pictures)
HIDDEN, PARTLY = 0.5, 0.15  # of the tiles that usually show detail: the view is lost; parts of it are
CLOUDED: Final = 0.3  # of the columns, side by side, whose land is hidden from above: wider than any young plume
TELLING: Final = 1.5  # grey levels of usual detail, from which a tile can be missed at all: not plain sky
LEAST_TILES: Final = 6  # that tell: a view with fewer has too little in it for a share
VEIL: Final = 1.0  # tiles beside and above a candidate in which the land should show
VEILED: Final = 2  # tiles hidden there: at 39 alarms of real fires one at most, at 54 of 58 of drawn low cloud more
LEAST_DETAIL: Final = 0.5  # grey levels: a view that has never shown more than this cannot be judged
SETTLES_S: Final = 60.0  # a state must last: one passing cloud or a lens flare is not the weather
USUAL_S: Final = 6 * 3600.0  # over which the usual detail of a clear day is kept


class Visibility:
    """Judges the view of one camera from its pictures alone."""

    def __init__(self) -> None:
        self.state: View = "clear"
        self._usual: Tiles = np.zeros((ROWS - LAND, COLUMNS), np.float32)
        self._telling = self._hidden = np.zeros((ROWS - LAND, COLUMNS), np.bool_)
        self._time_s: float | None = None
        self._pending: View = "clear"
        self._since_s = 0.0

    def look(self, picture: Picture, time_s: float, fires: Iterable[Box] = ()) -> View:
        """Take in one look and return what it shows; `state` follows once that has lasted.

        What the smoke of known `fires` hides is no weather.
        """
        now = self._judge(picture, time_s, fires)
        if now != self._pending:
            self._pending, self._since_s = now, time_s
        if now == self.state or time_s - self._since_s >= SETTLES_S:
            self.state = now
        return now

    def _judge(self, picture: Picture, time_s: float, fires: Iterable[Box]) -> View:
        gray = picture.gray(WIDTH, max(8, round(WIDTH * picture.height / picture.width)))
        if float(np.quantile(gray, 0.75)) < DARK_LUMA:
            return "night"
        if float(np.mean(gray >= BRIGHT_LUMA)) > GLARE_SHARE:
            return "glare"
        tiles = detail_of(gray)
        self._remember(tiles, time_s)
        if float(np.sort(tiles, axis=None)[tiles.size // 2 :].mean()) < LEAST_DETAIL:
            return "fog"
        self._telling = self._usual >= TELLING
        self._hidden = self._telling & (tiles < DETAIL_LOST * self._usual)
        if self._telling.sum() < LEAST_TILES:
            self._hidden[:] = False
            return "clear"
        for box in fires:
            self._hidden &= ~_tiles_in(box)
        share = float(self._hidden.sum() / self._telling.sum())
        if share >= HIDDEN:
            return "fog"
        if self._from_above(gray) >= CLOUDED * COLUMNS:
            return "cloud"
        return "partly" if share >= PARTLY else "clear"

    def veils(self, box: Box) -> bool:
        """Return whether what `box` holds is a piece of the weather that hides the land there just now.

        Young smoke hides less than a tile; what hides two beside or above a candidate, and not only behind it, is what
        it belongs to. A bank of low cloud is one candidate as a whole: there what is behind it counts as well.
        """
        near = self._hidden & _tiles_in(box, VEIL)
        if "cloud" not in {self.state, self._pending}:
            near &= ~_tiles_in(box)
        return int(near.sum()) >= VEILED

    def _from_above(self, gray: Gray) -> int:
        """Return over how many columns, side by side, something bright hides the highest land that shows detail."""
        light = cv2.resize(gray, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)[LAND:]
        land = light[self._telling & ~self._hidden]
        top, columns = np.argmax(self._telling, axis=0), np.arange(COLUMNS)
        lost = self._hidden[top, columns] & (light[top, columns] > np.median(land))  # a shadow takes detail, too
        return max((len(list(run)) for is_lost, run in groupby(lost.tolist()) if is_lost), default=0)

    def _remember(self, tiles: Tiles, time_s: float) -> None:
        """Quickly up, slowly down: the clearest hours tell what there is to see."""
        step_s = 0.0 if self._time_s is None else max(0.0, time_s - self._time_s)
        self._time_s = time_s
        fade = np.float32(np.exp(-step_s / USUAL_S))
        self._usual = np.maximum(tiles, self._usual * fade + tiles * (1 - fade))


def _tiles_in(box: Box, around: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return (ROWS - LAND, COLUMNS) True for tiles whose centre lies in `box`, or so many tiles beside or above it."""
    x, y = np.arange(COLUMNS) + 0.5, np.arange(LAND, ROWS) + 0.5
    across = (x > box[0] * COLUMNS - around) & (x < box[2] * COLUMNS + around)
    down = (y > box[1] * ROWS - around) & (y < box[3] * ROWS)
    return np.outer(down, across)


def detail_of(gray: Gray) -> Tiles:
    """Return the mean detail of each tile of the land, in grey levels at the light of day."""
    plane = cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.float32)
    light = USUAL_LUMA / (float(plane.mean()) + 10.0)  # dusk dims detail as it dims everything: that is not fog
    fine = np.abs(plane - cv2.GaussianBlur(plane, (0, 0), 4.0)) * light
    return np.asarray(cv2.resize(fine, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)[LAND:], np.float32)
