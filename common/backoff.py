"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Iterator


def delays(first_s: float = 1.0, cap_s: float = 60.0, *, rng: random.Random | None = None) -> Iterator[float]:
    """Yield waits in seconds that double up to `cap_s`.

    Each is drawn from the upper half of its range, so that a thousand cameras cut off at
    one instant do not come back at one instant.
    """
    rng = rng or random.Random()
    ceiling_s = first_s
    while True:
        yield rng.uniform(ceiling_s / 2, ceiling_s)
        ceiling_s = min(cap_s, ceiling_s * 2)
