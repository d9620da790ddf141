"""Fit what each number of a candidate counts: logistic regression over sightings, judged on cameras left out.

Signs are fixed by what a number means (growth can only speak for a fire), so that a small set of cameras cannot teach
nonsense. Every sequence weighs the same, and within it fire and no fire: a long one must not stand for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.eval.clips import Detect
from benchmarks.eval.smoke_sequences import Box, touches
from benchmarks.eval.smoke_sequences import Sequence as Pictures
from edge.smoke.evidence import AGAINST, NUMBERS, Weights, numbers
from edge.smoke.tube import Tube
from edge.smoke.watch import SmokeWatch

Floats = npt.NDArray[np.float64]

RIDGE: Final = 2.0  # pull towards nothing, against sequences that weigh 10 for fire and 10 for no fire
SEQUENCE_WEIGHT: Final = 10.0
STEPS: Final = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """numbers: (N, K) as `evidence.numbers`.   truth: (N,) is it fire.   weights: (N,).   cameras: (N,) names."""

    numbers: Floats
    truth: Floats
    weights: Floats
    cameras: npt.NDArray[np.str_]


def examples_of(sequences: Sequence[tuple[Pictures, str]], detect: Detect, each: Callable[[], None]) -> Examples:
    """Return every sighting of every candidate in (sequence, camera) pairs; `each` is called after each sequence."""
    rows: list[tuple[Floats, bool, float, str]] = []
    for sequence, camera in sequences:
        seen = [one for one in _sightings(sequence, detect) if one[1] is not None]
        share = {truth: SEQUENCE_WEIGHT / max(1, sum(one[1] is truth for one in seen)) for truth in (True, False)}
        rows += [(values, bool(truth), share[bool(truth)], camera) for values, truth in seen]
        each()
    values, truth, weights, cameras = zip(*rows, strict=True) if rows else ((), (), (), ())
    table = np.array(values, np.float64).reshape(-1, len(NUMBERS))
    return Examples(table, np.array(truth, np.float64), np.array(weights), np.array(cameras, np.str_))


def fit(examples: Examples) -> Weights:
    """Return the weights that explain the examples best. Raises `ValueError` without examples of both kinds."""
    if len(np.unique(examples.truth)) < 2:
        raise ValueError("there must be sightings of fires and of what is none")
    middle, spread = examples.numbers.mean(axis=0), examples.numbers.std(axis=0) + 1e-6
    table = np.hstack([(examples.numbers - middle) / spread, np.ones((len(examples.truth), 1))])
    signs = np.array([-1.0 if name in AGAINST else 1.0 for name in NUMBERS] + [0.0])
    found = _projected_descent(table, examples, signs)
    weights = found[:-1] / spread
    bias = float(found[-1] - (weights * middle).sum())
    return Weights(round(bias, 3), {name: round(float(w), 3) for name, w in zip(NUMBERS, weights, strict=True)})


def left_out(examples: Examples) -> Iterator[tuple[str, float, int, int]]:
    """Yield for each camera (its name, share of pairs that weights from all others put in order, fires, others).

    The share is the area under the ROC curve: 1 when every sighting of a fire scores above every other, 0.5 by chance.
    """
    for camera in np.unique(examples.cameras):
        own = examples.cameras == camera
        weights = fit(_part(examples, ~own))
        scores = examples.numbers[own] @ np.array([weights.of[name] for name in NUMBERS])
        truth = examples.truth[own] == 1
        yield str(camera), _area_under_curve(scores[truth], scores[~truth]), int(truth.sum()), int((~truth).sum())


def written(weights: Weights) -> str:
    """Return the source of `edge/smoke/weights.py`."""
    rows = "".join(f'        "{name}": {value},\n' for name, value in weights.of.items())
    return (
        '"""What each number of a candidate counts; written by `ioc eval fit-smoke`: do not edit it by hand."""\n\n'
        "from __future__ import annotations\n\nfrom typing import Final\n\nfrom edge.smoke.evidence import Weights\n\n"
        f"WEIGHTS: Final = Weights(\n    bias={weights.bias},\n    of={{\n{rows}    }},\n)\n"
    )


def _sightings(sequence: Pictures, detect: Detect) -> Iterator[tuple[Floats, bool | None]]:
    watch = SmokeWatch()
    known = sequence.smoke or ((),) * len(sequence.files)
    burns_for_real = sequence.ignition_s is not None and "drawn_fire" not in sequence.tags
    for frame, boxes, at_s in zip(sequence.moments(), known, sequence.times_s, strict=True):
        tubes = watch.look(detect(frame.picture), frame.picture, frame.time_s)
        burning = burns_for_real and sequence.ignition_s is not None and at_s >= sequence.ignition_s
        for tube in tubes:
            if tube.last.time_s == frame.time_s:
                yield numbers(tube), _truth(tube, boxes, burning)


def _truth(tube: Tube, boxes: Sequence[Box], burning: bool) -> bool | None:
    """Return whether the last sighting is smoke; None where nobody knows: real smoke drifts beyond its labelled box."""
    x0, y0, x1, y1 = map(float, tube.last.box)
    if any(touches((x0, y0, x1, y1), box) for box in boxes):
        return True
    return None if burning else False


def _projected_descent(table: Floats, examples: Examples, signs: Floats) -> Floats:
    """Return the minimum of the weighted logistic loss with ridge, each coefficient kept on its side of nothing.

    Accelerated (Nesterov) with a step from the bound of the curvature: no line search, and it cannot diverge.
    """
    pull = np.append(np.full(len(signs) - 1, RIDGE), 0.0)
    steepest = 0.25 * float(np.linalg.eigvalsh((table * examples.weights[:, None]).T @ table)[-1]) + RIDGE
    now = ahead = np.zeros(len(signs))
    for step in range(STEPS):
        odds = 1 / (1 + np.exp(-np.clip(table @ ahead, -40, 40)))
        slope = table.T @ (examples.weights * (odds - examples.truth)) + pull * ahead
        moved = ahead - slope / steepest
        moved = np.where(signs * moved < 0, 0.0, moved)
        now, ahead = moved, moved + step / (step + 3) * (moved - now)
    return now


def _part(examples: Examples, rows: npt.NDArray[np.bool_]) -> Examples:
    return Examples(examples.numbers[rows], examples.truth[rows], examples.weights[rows], examples.cameras[rows])


def _area_under_curve(fires: Floats, others: Floats) -> float:
    if not len(fires) or not len(others):
        return float("nan")
    return float(((fires[:, None] > others) + 0.5 * (fires[:, None] == others)).mean())
