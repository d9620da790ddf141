"""How much of what is due the box leaves out, and which cameras bear it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edge.inference import Seat
from edge.precedence import CLASSES, Class

MOST_NAMED: Final = 20  # cameras in one event
OVERLOADED_SHARE: Final = 0.5  # more than half of the due looks were replaced by newer ones
UNDECODED_SHARE: Final = 0.1  # of the packets were passed over because decoding was late: seconds at a time are lost
RECOVERED: Final = 0.2  # of those shares

LATE: Final = ("overloaded", "overrun")  # why a packet is passed over that should have been decoded


@dataclass(frozen=True, slots=True)
class Load:
    """A camera's running totals: looks done and replaced unseen, packets received and passed over because of haste."""

    camera: str
    class_: Class
    analysed: int
    replaced: int
    received: int
    undecoded: int

    def since(self, before: Load) -> Load:
        """Return what was added."""
        return Load(
            self.camera,
            self.class_,
            self.analysed - before.analysed,
            self.replaced - before.replaced,
            self.received - before.received,
            self.undecoded - before.undecoded,
        )

    @property
    def left_out(self) -> float:
        """0..1 of what was due."""
        return max(_share(self.replaced, self.analysed), _share(self.undecoded, self.received - self.undecoded))


def load_of(seat: Seat, received: int, skipped: dict[str, int]) -> Load:
    """Return a camera's totals, from its seat at the models and its connection."""
    undecoded = sum(skipped.get(why, 0) for why in LATE)
    name = seat.settings.id
    return Load(name, seat.precedence, seat.analysed, seat.mailbox.replaced, received, undecoded)


@dataclass(slots=True)
class Strain:
    """Compares totals with those of the call before. Cameras that left are forgotten."""

    _before: dict[str, Load] = field(default_factory=dict)

    def judge(self, loads: Sequence[Load], *, was_over: bool) -> tuple[bool, dict[str, Any]]:
        """Return whether the box leaves out too much, and what and who is watched less closely."""
        news = [one.since(self._before.get(one.camera, one)) for one in loads]
        self._before = {one.camera: one for one in loads}
        replaced = _share(sum(one.replaced for one in news), sum(one.analysed for one in news))
        undecoded = _share(sum(one.undecoded for one in news), sum(one.received - one.undecoded for one in news))
        limit = RECOVERED if was_over else 1.0
        is_over = replaced > limit * OVERLOADED_SHARE or undecoded > limit * UNDECODED_SHARE
        worst = sorted((one for one in news if one.left_out > 0), key=lambda one: -one.left_out)
        detail = {
            "replaced_share": round(replaced, 2),
            "undecoded_share": round(undecoded, 2),
            "left_out": {class_: _of_class(news, class_) for class_ in reversed(CLASSES)},
            "less_watched": [one.camera for one in worst[:MOST_NAMED]],
        }
        return is_over, detail


def _of_class(news: Sequence[Load], class_: Class) -> float:
    """Return the mean share that the cameras of a class miss."""
    shares = [one.left_out for one in news if one.class_ == class_]
    return round(sum(shares) / max(1, len(shares)), 2)


def _share(part: int, rest: int) -> float:
    return part / max(1, part + rest)
