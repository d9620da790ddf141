"""What is wrong with one camera right now, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from rtsp.simulator.faults import Fault, value_or_usual


@dataclass(frozen=True, slots=True)
class _Trouble:
    until_s: float
    value: float


class Troubles:
    """The faults a camera suffers. `kinds` is kept ready, because every picture asks for it."""

    def __init__(self) -> None:
        self._by_kind: dict[Fault, _Trouble] = {}
        self.kinds: frozenset[Fault] = frozenset()

    def begin(self, fault: Fault, until_s: float, value: float | None) -> None:
        self._by_kind[fault] = _Trouble(until_s, value_or_usual(fault, value))
        self.kinds = frozenset(self._by_kind)

    def end(self, fault: Fault) -> bool:
        """Return whether there was such a fault."""
        found = self._by_kind.pop(fault, None) is not None
        self.kinds = frozenset(self._by_kind)
        return found

    def over(self, now_s: float) -> list[Fault]:
        """The faults whose time has run out."""
        return [fault for fault, trouble in self._by_kind.items() if trouble.until_s <= now_s]

    def value(self, fault: Fault) -> float | None:
        """The fault's number, or None where the camera does not suffer it."""
        trouble = self._by_kind.get(fault)
        return trouble.value if trouble else None
