"""Can this view be judged at all? Night, fog and glare are named, so that silence is not taken for safety."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np

from detectors.picture import Picture

View: TypeAlias = Literal["clear", "night", "fog", "glare"]

SAYS: Final[dict[View, tuple[str, str]]] = {
    "clear": ("Quan sát được", "the view can be judged"),
    "night": ("Không quan sát được: quá tối", "too dark to judge"),
    "fog": ("Không quan sát được: sương mù hoặc mây thấp", "fog or low cloud hides the view"),
    "glare": ("Không quan sát được: chói sáng", "glare hides the view"),
}

WIDTH: Final = 320
DARK_LUMA: Final = 28.0  # three quarters of a night view without lamps stay below this
BRIGHT_LUMA: Final = 245.0
GLARE_SHARE: Final = 0.5  # of the picture burned out
DETAIL_LOST: Final = (
    0.30  # of the usual detail below which fog hides the land (measured on a fixed camera's fog pictures)
)
LEAST_DETAIL: Final = 0.5  # grey levels: a view that has never shown more than this cannot be judged
SETTLES_S: Final = 60.0  # a state must last: one passing cloud or a lens flare is not the weather
USUAL_S: Final = 6 * 3600.0  # over which the usual detail of a clear day is kept


class Visibility:
    """Judges the view of one camera from its pictures alone."""

    def __init__(self) -> None:
        self.state: View = "clear"
        self._usual_detail = 0.0
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
        detail = land_detail(gray)
        step_s = 0.0 if self._time_s is None else max(0.0, time_s - self._time_s)
        self._time_s = time_s
        # Quickly up, slowly down: the clearest hours tell what there is to see.
        fade = np.exp(-step_s / USUAL_S)
        self._usual_detail = max(detail, self._usual_detail * fade + detail * (1 - fade))
        if detail < LEAST_DETAIL or detail < DETAIL_LOST * self._usual_detail:
            return "fog"
        return "clear"


def land_detail(gray: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """Return the mean detail, in grey levels, of the more detailed half of the rows: land, not sky."""
    plane = cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.float32)
    rows = np.abs(plane - cv2.GaussianBlur(plane, (0, 0), 4.0)).mean(axis=1)
    return float(np.sort(rows)[len(rows) // 2 :].mean())
