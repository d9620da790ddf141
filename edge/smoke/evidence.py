"""How much the looks say for a fire: a small fitted scorer for each look, summed up as in a sequential test.

Each number says one thing that a forester would say as well; `weights.py` says how much each counts, and is written by
`ioc eval fit-smoke`, which shows how well they do on cameras that they were not fitted on. What a look says is added
up (Page's cumulative sum, after Wald): evidence never falls below nothing, one look can never carry it over a limit,
and looks soon after one another count for less, so that a look every 10 s and one every minute are judged alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.smoke.tube import Sighting, Tube

Numbers = npt.NDArray[np.float64]  # (K,), in the order of NUMBERS

AS_LIKELY: Final = 0.5  # log-odds from which a sighting speaks for a fire: a little more than even
MOST_PER_LOOK: Final = 2.0  # below every allowed limit: a single look cannot confirm
MISS: Final = 0.5  # what a look without the candidate takes away: young smoke comes and goes
MOST: Final = 12.0  # evidence does not pile up for ever: the end of a fire is noticed in finite time
INDEPENDENT_S: Final = 60.0  # after which light and wind have moved enough for a second opinion
RECENT_S: Final = 150.0  # three looks a minute apart: boxes flicker, and a fire is not decided by one look
KNOWN_S: Final = 900.0  # of watching, after which the detector's silence about a place means something
OLD_S: Final = 900.0  # after so long unreported, a candidate has become part of the view's habits
NEWS_CLEAR: Final = 3.0  # usual spreads beyond the surroundings, from which more tells nothing more
UNKNOWN_NEWS: Final = 1.0  # where a rule is given boxes without pictures: what an average sighting has
FAR_BELOW: Final = 0.1  # of the height below the horizon, from which on it is land without doubt
MOST_GROWN: Final = 1.5  # natural log of the size now over the size at first, beyond which growth says no more
LEAST_SCORE: Final = 0.02
COMPANY: Final = 4  # other candidates at the same time, from which more say no more: that is weather


@dataclass(frozen=True, slots=True)
class Weights:
    """What each of `NUMBERS` counts, and the log-odds of a candidate for which nothing speaks."""

    bias: float
    of: Mapping[str, float]

    def log_odds(self, tube: Tube) -> float:
        """Return the log-odds that the candidate, as last seen, is a fire."""
        return self.bias + sum(self.of[name] * number(tube) for name, number in NUMBERS.items())


def numbers(tube: Tube) -> Numbers:
    """Return the candidate's numbers as last seen."""
    return np.array([number(tube) for number in NUMBERS.values()], np.float64)


def add(tube: Tube, log_odds: float, step_s: float) -> None:
    """Let the tube's last sighting speak, `step_s` after the look before."""
    says = min(MOST_PER_LOOK, log_odds - AS_LIKELY)
    tube.evidence = min(MOST, max(0.0, tube.evidence + independence(step_s) * says))
    tube.peak = max(tube.peak, tube.evidence)


def miss(tube: Tube, step_s: float) -> None:
    """A look that could have shown the candidate, and did not."""
    tube.evidence = max(0.0, tube.evidence - independence(step_s) * MISS)


def independence(step_s: float) -> float:
    """Return how much a look counts `step_s` after the one before, 0..1: a second opinion, or the same again."""
    return math.sqrt(min(1.0, max(0.0, step_s) / INDEPENDENT_S))


def certainty(evidence: float, limit: float) -> float:
    """Return 0..1 for people: 0.5 at half the limit, 0.75 where it is confirmed, towards 1 beyond."""
    odds = max(0.0, evidence) / max(limit, 1e-6)
    return float(round(1 - 0.5 ** (2 * odds), 3))


def _score(tube: Tube) -> float:
    """Return the log of the recent mean score."""
    return math.log(max(LEAST_SCORE, _recent_score(tube)))


def _peak(tube: Tube) -> float:
    return math.log(max(LEAST_SCORE, tube.peak_score))


def _beyond_habit(tube: Tube) -> float:
    """Return 1 where a detector that has long watched never says anything here, 0 where it usually says as much as now.

    Early in a watch nobody knows what is usual: then nothing is beyond it.
    """
    usual = habit_of(tube, tube.last)
    known = tube.last.watched_s / (tube.last.watched_s + KNOWN_S / 3)
    return known * max(0.0, 1 - usual / max(tube.last.score, LEAST_SCORE))


def _news(tube: Tube) -> float:
    """Return 0..1 for how much the pixels have changed just there, in the recent mean."""
    recent = [UNKNOWN_NEWS if one.news is None else min(one.news, NEWS_CLEAR) for one in tube.recent(RECENT_S)]
    return float(np.mean(recent)) / NEWS_CLEAR


def _growth(tube: Tube) -> float:
    return max(-1.0, min(MOST_GROWN, math.log(max(tube.growth, 0.1))))


def _rise(tube: Tube) -> float:
    return max(-1.0, min(MOST_GROWN, tube.rise))


def _on_land(tube: Tube) -> float:
    """Return 1 where its foot stands on land, -1 where it hangs in the sky."""
    return max(-1.0, min(1.0, tube.last.below / FAR_BELOW))


def _company(tube: Tube) -> float:
    """Return 0..1 for how many others look like smoke at the same time: mist is in every valley, a fire is one."""
    return min(tube.last.others, COMPANY) / COMPANY


NUMBERS: Final[Mapping[str, Callable[[Tube], float]]] = MappingProxyType(
    {
        "score": _score,
        "peak": _peak,
        "beyond_habit": _beyond_habit,
        "news": _news,
        "growth": _growth,
        "rise": _rise,
        "on_land": _on_land,
        "company": _company,
    }
)
AGAINST: Final = frozenset({"company"})  # these can only speak against a fire, the others only for one


def habit_of(tube: Tube, sighting: Sighting) -> float:
    """Return what the detector usually says there, apart from what the candidate itself has taught it.

    What it said before the candidate began, if the view had been watched long enough to know; otherwise what it says
    by now, because something that has been there for most of a short watch may always be there.
    """
    before_is_known = tube.born.watched_s >= KNOWN_S and (tube.reported or tube.lasted_s <= OLD_S)
    return tube.born.usual if before_is_known else sighting.usual


def _recent_score(tube: Tube) -> float:
    return float(np.mean([one.score for one in tube.recent(RECENT_S)]))
