"""Which of its poses a camera stands in, recognised from what it shows, and whether its bearings can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Gray, Picture
from edge.landmark_view import View, match

Edges = npt.NDArray[np.float32]

WIDTH: Final = 480  # pixels at which a view is recognised: distant hills have little texture
ALIKE: Final = 0.9  # correlation of two views' edges from which nothing has moved: 0.91 after a slide by 3 %
OTHER: Final = 0.4  # 3 % of pictures of one view on other days are less alike, 5 % of other views are more
MOST_PICTURES: Final = 6  # of one pose: day, dusk, night, infrared, haze
TURNED: Final = 0.03  # of the width: bearings are corrected up to here, and void beyond
SURE_LOOKS: Final = 3  # that agree with each other on another view before a camera has moved: fog and dusk do not agree
DOUBTFUL_LOOKS: Final = 30  # where it may be the same view in another light: ten minutes at a look in 20 s
NEAR: Final = 0.15  # of the width: a preset is not met exactly, but a view between two presets is neither
ANCHOR_S: Final = 900.0  # between two looks at the pose's own picture: mounts sag slowly
STUCK: Final = 1.5  # times the longest stay
ELSEWHERE: Final = "elsewhere"  # the pose of a camera without presets that has moved: no memory of its view holds


@dataclass(frozen=True, slots=True)
class Stance:
    """How a camera stands at one moment.

    pose: the preset's name, "" for a camera with only one view, None while it turns or stands where nobody knows.
    shift: how far the picture has moved against the pose's own picture, as shares of its width, right and down.
    void: why its bearings cannot be trusted (`moved`, `stuck`, `unknown`), or None.
    """

    pose: str | None = ""
    shift: tuple[float, float] = (0.0, 0.0)
    void: str | None = None


STEADY: Final = Stance()


@dataclass(frozen=True, slots=True)
class _Seen:
    """One picture of a pose, and how far it had slid against the pose's own."""

    view: View
    shift: tuple[float, float] = (0.0, 0.0)


class PoseWatch:
    """Follows one camera from look to look. Not thread-safe.

    `pictures` are those of its presets, by name. Without any, the first view that can be recognised stands for the pose
    that was measured; `first` is that view from an earlier life of the node, and `learned` the one found in this. By
    night a view looks otherwise: what follows on from a recognised one without a jump is kept beside it.
    """

    def __init__(
        self, pictures: Mapping[str, Gray] | None = None, *, patrol_s: float | None = None, first: Gray | None = None
    ) -> None:
        self._turns = bool(pictures)
        self._albums = {name: [_Seen(View(gray))] for name, gray in (pictures or {}).items()}
        if first is not None and not self._turns:
            self._albums[""] = [_Seen(View(first))]
        self._patrol_s = patrol_s
        self._last: Edges | None = None  # of the latest view that was recognised
        self._strange: tuple[View, int] | None = None  # another view, and how many looks agree on it
        self._anchored_s = float("-inf")  # when the pose was compared with its own pictures
        self._since_s = float("-inf")  # since when it stands in this pose
        self.learned: Gray | None = None
        self.stance = STEADY if not self._turns else Stance(None, void="unknown")

    def look(self, picture: Picture, time_s: float) -> Stance:
        """Take in what the camera shows at `time_s` of camera time, and return how it stands."""
        gray = picture.gray(WIDTH, max(48, round(WIDTH * picture.height / picture.width)))
        edges = _edges(gray)
        alike = _alike(self._last, edges) if self._last is not None and self._last.shape == edges.shape else 0.0
        if alike < ALIKE or self.stance.void == "unknown" or time_s - self._anchored_s >= ANCHOR_S:
            self._recognise(gray, time_s, alike)
        if self._strange is None:
            self._last = edges
        self.stance = replace(self.stance, void=self._void(time_s))
        return self.stance

    def _recognise(self, gray: Gray, time_s: float, alike: float) -> None:
        now = View(gray)
        if not self._albums and now.is_telling:
            self._albums[""], self.learned = [_Seen(now)], gray
        self._anchored_s = time_s
        found = self._best(now)
        if found is not None:
            self._strange = None
            self._stand(found, time_s)
        elif alike >= ALIKE:
            self._keep(now)
        else:
            self._wonder(now, alike)

    def _best(self, now: View) -> Stance | None:
        """Return the pose of which a picture agrees most with what is seen."""
        best, most = None, 0
        for name, album in self._albums.items():
            for seen in album:
                found = match(seen.view, now)
                if found is None or found.points <= most:
                    continue
                shift = (found.moved[0] + seen.shift[0], found.moved[1] + seen.shift[1])
                if not self._turns or max(map(abs, shift)) <= NEAR:
                    best, most = Stance(name, shift), found.points
        return best

    def _keep(self, now: View) -> None:
        album = self._albums.get(self.stance.pose or "")
        if album is not None and now.is_telling and self.stance.void is None:
            album.append(_Seen(now, self.stance.shift))
            del album[1 : len(album) - MOST_PICTURES + 1]  # the pose's own picture stays

    def _stand(self, found: Stance, time_s: float) -> None:
        if found.pose != self.stance.pose:
            self._since_s = time_s
        self.stance = found

    def _wonder(self, now: View, alike: float) -> None:
        """Nothing that is known is seen. Fog and night look like nothing; another view looks like itself again."""
        if self._turns:
            self.stance = Stance(None, void="unknown")
        if not now.is_telling:
            return
        agrees = self._strange is not None and match(self._strange[0], now) is not None
        self._strange = (now, self._strange[1] + 1) if agrees and self._strange is not None else (now, 1)
        sure = SURE_LOOKS if alike < OTHER else DOUBTFUL_LOOKS
        if self._strange[1] >= sure and not self._turns:
            self.stance = Stance(ELSEWHERE, void="moved")

    def _void(self, time_s: float) -> str | None:
        stance = self.stance
        if stance.pose is None:
            return "unknown"
        if stance.pose == ELSEWHERE or max(map(abs, stance.shift)) > TURNED:
            return "moved"
        stuck = self._turns and self._patrol_s is not None and time_s - self._since_s > STUCK * self._patrol_s
        return "stuck" if stuck else None


def _edges(gray: Gray) -> Edges:
    """Return the strength of the edges of a small version of the picture, blurred by about half a per cent."""
    small = cv2.resize(gray, (160, max(24, gray.shape[0] * 160 // gray.shape[1])), interpolation=cv2.INTER_AREA)
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.GaussianBlur(np.sqrt(np.hypot(across, down)), (0, 0), 0.8), np.float32)


def _alike(one: Edges, other: Edges) -> float:
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b) / size) if size > 1e-3 else 0.0
