"""Whose turn comes first when the box is full: traffic gives way, then security, and smoke last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from mqtt.kinds import KINDS

Class: TypeAlias = Literal["smoke", "security", "traffic"]

CLASSES: Final[tuple[Class, ...]] = get_args(Class)  # the first gives way last

# A camera is served as if it had waited so much longer. On a full box, traffic is down to a look in a bit more than a
# second before security loses any, and nobody is ever left out: whoever waits moves up.
HEAD_START_S: Final[Mapping[Class, float]] = {"smoke": 10.0, "security": 1.0, "traffic": 0.0}

GRAVE: Final = frozenset({"accident", "wrong_way"})  # of traffic; minutes count for those, too


def class_of(kinds: Iterable[str]) -> Class:
    """Return the class of a camera whose rules have these kinds: that of its gravest."""
    named = set(kinds)
    if named & set(KINDS["wildfire"]):
        return "smoke"
    return "security" if named & (set(KINDS["security"]) | GRAVE) else "traffic"


def head_start_s(class_: Class) -> float:
    return HEAD_START_S[class_]
