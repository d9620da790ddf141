"""One fire that several cameras see is one incident: say which two are the same. Pure.

Two wildfire incidents are one when nobody has finished either or parted them, different cameras tell of them, they last
at the same time, and their bearings can be of one place: the lines cross ahead of both cameras, within reach, and where
each camera by itself allows it. The earlier one takes in the other with its events, pictures and history; nothing is
dropped, and people may part them again (`central/parting.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from central.crossing import may_be_one
from central.incidents import Incident

TOGETHER_WITHIN: Final = timedelta(minutes=20)  # from one camera's first certainty to another's: hills hide young smoke


def same_fire(incident: Incident, others: Iterable[Incident]) -> Incident | None:
    """Return the one of `others` that tells of the same fire; the one nearest in time where several may."""
    same = [other for other in others if _is_same(incident, other)]
    return min(same, key=lambda other: (abs(other.started_at - incident.started_at), other.id), default=None)


def _is_same(one: Incident, other: Incident) -> bool:
    return (
        one.id != other.id
        and one.id not in other.apart
        and other.id not in one.apart
        and one.category == other.category == "wildfire"
        and not (one.finished or other.finished)
        and one.site == other.site
        and one.started_at <= other.last_at + TOGETHER_WITHIN
        and other.started_at <= one.last_at + TOGETHER_WITHIN
        and not {sight.camera for sight in one.sights} & {sight.camera for sight in other.sights}
        and may_be_one(one.sights, other.sights)
    )
