"""Remember what the network under training takes for smoke or flame where there is none, to train on just that."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.training.pictures import Labelled

LEAST_SCORE = 0.05  # lower ones cost nothing: no threshold is set there
MOST_KEPT = 600  # false alarms, the latest: those of a worse network are forgotten

Look = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]  # (H, W, 3) → boxes x0 y0 x1 y1 in its pixels


@dataclass(frozen=True, slots=True, eq=False)
class FalseAlarm:
    """item: a view without smoke or flame.   box: (4,) x0 y0 x1 y1 in its pixels, where something was seen."""

    item: Labelled
    box: npt.NDArray[np.float32]


class HardViews:
    """Views without anything to see, and where the network errs in them."""

    def __init__(self, clear: Sequence[Labelled]) -> None:
        self._clear = clear
        self._found: deque[FalseAlarm] = deque(maxlen=MOST_KEPT)

    def __len__(self) -> int:
        return len(self._found)

    def search(self, look: Look, count: int, rng: np.random.Generator) -> int:
        """Look at `count` clear views with `look`, remember the false alarms, return how many there were."""
        chosen = rng.permutation(len(self._clear))[:count]
        new = [FalseAlarm(item, box) for item in (self._clear[int(i)] for i in chosen) for box in look(item.pixels)]
        self._found.extend(new)
        return len(new)

    def pick(self, rng: np.random.Generator) -> FalseAlarm:
        """Return one of the false alarms remembered. Raises `IndexError` when there are none."""
        return self._found[int(rng.integers(len(self._found)))]
