"""What each number of a candidate counts; written by `ioc eval fit-smoke`: do not edit it by hand."""

from __future__ import annotations

from typing import Final

from edge.smoke.evidence import Weights

WEIGHTS: Final = Weights(
    bias=0.282,
    of={
        "score": 0.538,
        "peak": 1.586,
        "beyond_habit": 3.35,
        "news": 0.916,
        "growth": 0.424,
        "rise": 0.671,
        "on_land": 1.093,
        "company": -0.883,
    },
)
