"""Sets right what the detector calls a bus: looks again at each, a few times, and remembers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from detectors.picture import Picture
from edge.tracks import Tracks

LOOKS, MOST_LOOKS = 5, 10  # at each vehicle; the further ones only while it grows
GROWN: Final = 1.6  # times as large as at the look before
SURE: Final = 0.7  # share of lorry in the middle one of the looks, larger ones weighing more
INSIDE: Final = 0.01  # of the picture: nearer to its edge, a vehicle may be cut
SMALLEST: Final = 0.1  # of the picture's height
LABELS: Final = frozenset({"bus", "truck"})


class LorryJudge(Protocol):
    def lorry_share(self, picture: Picture, box: npt.NDArray[np.float32]) -> float:
        """Return how sure it is, 0..1, that `box` (4,) x0 y0 x1 y1 shows a lorry."""


class Lorries:
    """Second opinions on the buses of one camera."""

    def __init__(self, judge: LorryJudge) -> None:
        self._judge = judge
        self._looks: dict[int, list[tuple[float, float]]] = {}  # track → (area, share of lorry) of each look

    def look(self, tracks: Tracks, picture: Picture, time_s: float) -> None:
        """Look again at what is large, whole and not known well; a truck of now may be called a bus soon."""
        sides = tracks.boxes[:, 2:] - tracks.boxes[:, :2]
        whole = ((tracks.boxes[:, :2] > INSIDE) & (tracks.boxes[:, 2:] < 1 - INSIDE)).all(axis=1)
        large = np.isin(tracks.labels, list(LABELS)) & whole & (sides[:, 1] >= SMALLEST) & tracks.seen_at(time_s)
        for row in np.flatnonzero(large):  # a street shows a few at most
            looks, area = self._looks.setdefault(int(tracks.ids[row]), []), float(np.prod(sides[row]))
            if len(looks) < LOOKS or (len(looks) < MOST_LOOKS and area > GROWN * looks[-1][0]):
                looks.append((area, self._judge.lorry_share(picture, tracks.boxes[row])))

    def corrected(self, labels: dict[int, str]) -> dict[int, str]:
        """Return `labels` (track → label) with the buses that are lorries called trucks."""
        return {t: "truck" if label == "bus" and self._is_lorry(t) else label for t, label in labels.items()}

    def forget(self, track_ids: Iterable[int]) -> None:
        for track in track_ids:
            self._looks.pop(track, None)

    def _is_lorry(self, track: int) -> bool:
        """Judge by the weighted median: a vehicle that just comes into the picture is seen wrongly."""
        shares = sorted((share, area) for area, share in self._looks.get(track, [(1.0, 0.0)]))
        heavier = np.cumsum([area for _, area in shares])
        return shares[int(np.searchsorted(heavier, heavier[-1] / 2))][0] >= SURE

    def __len__(self) -> int:
        return len(self._looks)
