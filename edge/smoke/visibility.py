"""Can this view be judged at all? Night, fog and glare are named, so that silence is not taken for safety."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Gray, Picture

View: TypeAlias = Literal["clear", "partly", "night", "fog", "glare"]
Tiles: TypeAlias = npt.NDArray[np.float32]  # (ROWS - LAND, COLUMNS)

SAYS: Final[dict[View, tuple[str, str]]] = {
    "clear": ("Quan sát được", "the view can be judged"),
    "partly": ("Chỉ quan sát được một phần: mây mù, mưa hoặc bẩn ống kính", "parts are hidden by fog, rain or dirt"),
    "night": ("Không quan sát được: quá tối", "too dark to judge"),
    "fog": ("Không quan sát được: sương mù hoặc mây thấp", "fog or low cloud hides the view"),
    "glare": ("Không quan sát được: chói sáng", "glare hides the view"),
}

WIDTH: Final = 320
DARK_LUMA: Final = 28.0  # three quarters of a night view without lamps stay below this
USUAL_LUMA: Final = 100.0  # mean of a view by day, at which detail is stated
BRIGHT_LUMA: Final = 245.0
GLARE_SHARE: Final = 0.5  # of the picture burned out
ROWS, COLUMNS = 8, 10  # tiles in which detail is compared: a valley of fog or a drop on the lens fills one
LAND: Final = 3  # the first row of tiles that shows land: cameras place the horizon at or below 0.4 of the height
DETAIL_LOST: Final = 0.35  # of the usual detail, below which a tile is hidden (fixed cameras' fog pictures)
HIDDEN, PARTLY = 0.5, 0.15  # of the tiles that usually show detail: the view is lost; parts of it are
TELLING: Final = 1.5  # grey levels of usual detail, from which a tile can be missed at all: not plain sky
LEAST_TILES: Final = 6  # that tell: a view with fewer has too little in it for a share
LEAST_DETAIL: Final = 0.5  # grey levels: a view that has never shown more than this cannot be judged
SETTLES_S: Final = 60.0  # a state must last: one passing cloud or a lens flare is not the weather
USUAL_S: Final = 6 * 3600.0  # over which the usual detail of a clear day is kept


class Visibility:
    """Judges the view of one camera from its pictures alone."""

    def __init__(self) -> None:
        self.state: View = "clear"
        self._usual: Tiles = np.zeros((ROWS - LAND, COLUMNS), np.float32)
        self._time_s: float | None = None
        self._pending: View = "clear"
        self._since_s = 0.0

    def look(self, picture: Picture, time_s: float) -> View:
        """Take in one look and return what it shows; `state` follows once that has lasted."""
        now = self._judge(picture, time_s)
        if now != self._pending:
            self._pending, self._since_s = now, time_s
        if now == self.state or time_s - self._since_s >= SETTLES_S:
            self.state = now
        return now

    def _judge(self, picture: Picture, time_s: float) -> View:
        gray = picture.gray(WIDTH, max(8, round(WIDTH * picture.height / picture.width)))
        if float(np.quantile(gray, 0.75)) < DARK_LUMA:
            return "night"
        if float(np.mean(gray >= BRIGHT_LUMA)) > GLARE_SHARE:
            return "glare"
        tiles = detail_of(gray)
        self._remember(tiles, time_s)
        if float(np.sort(tiles, axis=None)[tiles.size // 2 :].mean()) < LEAST_DETAIL:
            return "fog"
        telling = self._usual >= TELLING
        if telling.sum() < LEAST_TILES:
            return "clear"
        hidden = float(np.mean(tiles[telling] < DETAIL_LOST * self._usual[telling]))
        return "fog" if hidden >= HIDDEN else "partly" if hidden >= PARTLY else "clear"

    def _remember(self, tiles: Tiles, time_s: float) -> None:
        """Quickly up, slowly down: the clearest hours tell what there is to see."""
        step_s = 0.0 if self._time_s is None else max(0.0, time_s - self._time_s)
        self._time_s = time_s
        fade = np.float32(np.exp(-step_s / USUAL_S))
        self._usual = np.maximum(tiles, self._usual * fade + tiles * (1 - fade))


def detail_of(gray: Gray) -> Tiles:
    """Return the mean detail of each tile of the land, in grey levels at the light of day."""
    plane = cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.float32)
    light = USUAL_LUMA / (float(plane.mean()) + 10.0)  # dusk dims detail as it dims everything: that is not fog
    fine = np.abs(plane - cv2.GaussianBlur(plane, (0, 0), 4.0)) * light
    return np.asarray(cv2.resize(fine, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)[LAND:], np.float32)
