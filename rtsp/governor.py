"""Decide how much of a camera is decoded right now, and say why. Pure: all times are camera time, handed in.

Awake, a camera gets the looks that its rules need. When its picture has stood still for a while it is put to sleep; it
is woken by the sizes of its packets, by a changed picture at one of the checks, or because somebody asks. Waking late
loses nothing: decoding starts again at `Plan.from_s`, before the change, out of the ring.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Literal, TypeAlias

from rtsp.sizes import PacketSizes, Trust, Window

Mode: TypeAlias = Literal["every", "some", "keys", "asleep"]


@dataclass(frozen=True, slots=True)
class GovernorSettings:
    """When a camera may sleep and how closely it is watched meanwhile."""

    may_sleep: bool = False
    settle_s: float = 5.0  # stands still for so long before it sleeps
    check_every_s: float = 10.0  # a key frame is decoded and compared so often, when sizes tell of movement
    unsure_check_every_s: float = 4.0  # so often when they probably do
    blind_check_every_s: float = 1.0  # and so often (at most every key frame) when they do not
    idle_look_s: float = 10.0  # a sleeping camera's picture is handed out so often all the same
    lead_s: float = 1.0  # decoding restarts so long before packets grew, or somebody asked
    certain: float = 8.0  # surprise (standard deviations) of one window that wakes by itself
    odd_key: float = 0.15  # a key frame that is so much larger or smaller than usual is looked at
    likely: float = 3.0  # surprise of two windows in a row that wake; quiet ones reach 2.0 (0106)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decoded now: all pictures, `looks_per_s` of them, key frames only, or nothing; and the reason."""

    mode: Mode
    looks_per_s: float
    reason: str
    from_s: float | None = None  # after waking: decode from the key frame before this moment
    spare: bool = False  # pictures that no other one is built on need not be decoded: there are looks enough without


@dataclass(slots=True)
class Governor:
    """One camera's plan. Safe to call from several threads."""

    looks_per_s: float
    key_frames_only: bool = False
    settings: GovernorSettings = field(default_factory=GovernorSettings)
    woken: Counter[str] = field(default_factory=Counter)
    _sizes: PacketSizes = field(default_factory=PacketSizes)
    _wanted: dict[str, float] = field(default_factory=dict)
    _fps: float = 0.0
    _key_every_s: float = 0.0
    _pixels: int = 0
    _asleep: bool = False
    _from_s: float | None = None
    _why: str = "rules"
    _time_s: float = float("-inf")  # of the last packet
    _quiet_since_s: float | None = None  # since when looks have shown nothing new
    _woken_at_s: float = float("-inf")  # looks before it are catching up, and no reason to sleep again
    _checked_s: float = float("-inf")
    _handed_s: float = float("-inf")
    _likely: Window | None = None
    _keys: deque[float] = field(default_factory=lambda: deque(maxlen=9))
    _odd: bool = False
    _unjudged: deque[Window] = field(default_factory=lambda: deque(maxlen=60))
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _plan: Plan | None = None

    def begin(self) -> None:
        """Start a session: what was known of the stream may no longer hold."""
        with self._lock:
            self._sizes, self._unjudged = PacketSizes(), deque(maxlen=60)
            self._asleep, self._quiet_since_s, self._likely, self._from_s = False, None, None, None
            self._checked_s = self._handed_s = float("-inf")
            self._keys.clear()
            self._odd = False
            self._why, self._plan = "rules", None

    def want(self, looks_per_s: float | None, reason: str) -> None:
        """Ask for more looks while `reason` holds; None takes the wish back."""
        with self._lock:
            if looks_per_s is None:
                self._wanted.pop(reason, None)
            else:
                self._wanted[reason] = looks_per_s
                self._wake(self._time_s - self.settings.lead_s, reason)
            self._plan = None

    def measured(self, fps: float, key_every_s: float, pixels: int = 0) -> None:
        """Say what the stream is like, so that the plan fits it."""
        with self._lock:
            self._fps, self._key_every_s, self._pixels, self._plan = fps, key_every_s, pixels, None

    def packet(self, time_s: float, size_bytes: float, is_key: bool) -> None:
        """Note a packet's size (or `rtsp.h264.effort`, which means more); a surprising one wakes the camera."""
        with self._lock:
            self._time_s = time_s
            if is_key:
                self._compare_keys(size_bytes)
            window = self._sizes.add(time_s, size_bytes, is_key)
            if window is None:
                return
            self._unjudged.append(window)
            self._listen(window)

    def _compare_keys(self, size_bytes: float) -> None:
        """A key frame of an unusual size is looked at, whenever the next check would be."""
        usual = median(self._keys) if self._keys else size_bytes
        self._keys.append(size_bytes)
        if self._asleep and abs(size_bytes - usual) > self.settings.odd_key * usual:
            self._odd = True

    def _listen(self, window: Window) -> None:
        before, self._likely = self._likely, window if window.surprise >= self.settings.likely else None
        if not self._asleep:
            return
        if window.surprise >= self.settings.certain:
            self._wake(window.start_s - self.settings.lead_s, "packet sizes")
        elif self._likely is not None and before is not None:
            self._wake(before.start_s - self.settings.lead_s, "packet sizes")

    @property
    def checked_s(self) -> float:
        """When a picture was looked at last."""
        return self._checked_s

    def saw(self, time_s: float, *, moved: bool, since_s: float | None = None) -> None:
        """Say whether the picture at `time_s` shows something new.

        `since_s`: since when at the earliest it does, or at the latest it does not; None: that is not known.
        """
        if not self.settings.may_sleep:
            return
        with self._lock:
            self._judge(time_s, moved=moved)
            checked_s, self._checked_s = self._checked_s, time_s
            if moved:
                self._quiet_since_s = None
                since_s = checked_s if since_s is None else since_s
                # Without a lead: the picture of that moment has been looked at and does not show the change yet.
                self._wake(max(since_s, self._time_s - 60.0), "picture changed")
                return
            if self._quiet_since_s is None:
                self._quiet_since_s = time_s if since_s is None else max(since_s, self._woken_at_s)
            if time_s - self._quiet_since_s >= self.settings.settle_s and time_s >= self._woken_at_s:
                self._sleep()

    def _judge(self, time_s: float, *, moved: bool) -> None:
        """Learn from the windows up to a look. Movement is known of the last second only; older ones are let go."""
        while self._unjudged and self._unjudged[0].end_s <= time_s:
            window = self._unjudged.popleft()
            if not moved or window.end_s > time_s - 1.0:
                self._sizes.learn(window, moving=moved)

    def _sleep(self) -> None:
        if not (self._asleep or self._wanted) and self._sizes.ready:
            self._asleep, self._from_s, self._why, self._plan = True, None, "picture still", None

    def _wake(self, from_s: float, why: str) -> None:
        if not self._asleep:
            return
        self._asleep, self._why, self._plan = False, why, None
        self._from_s = from_s
        self._quiet_since_s = None
        self._woken_at_s = self._time_s
        self.woken[why] += 1

    def check_due(self, time_s: float) -> bool:
        """True when a sleeping camera's key frame at `time_s` should be decoded and compared."""
        if self._odd:
            self._odd = False
            return True
        settings = self.settings
        every_s = {
            "yes": settings.check_every_s,
            "probably": settings.unsure_check_every_s,
            "no": settings.blind_check_every_s,
        }[self.trust]
        return time_s - self._checked_s >= every_s

    def idle_look_due(self, time_s: float) -> bool:
        """True once per `idle_look_s`: hand out the picture of a sleeping camera."""
        if time_s - self._handed_s < self.settings.idle_look_s:
            return False
        self._handed_s = time_s
        return True

    @property
    def trust(self) -> Trust:
        """Whether this camera's packet sizes tell of movement."""
        return self._sizes.trust(self._pixels)

    def plan(self) -> Plan:
        """Return what to decode now."""
        plan = self._plan
        if plan is None:
            with self._lock:
                plan = self._plan = self._decide()
        return plan

    def _decide(self) -> Plan:
        if self._asleep:
            return Plan("asleep", 1.0 / self.settings.idle_look_s, self._why)
        wish, looks = max(self._wanted.items(), key=lambda item: item[1], default=("rules", 0.0))
        reason = wish if looks > self.looks_per_s else self._why
        looks = max(looks, self.looks_per_s)
        if looks <= 0:
            return Plan("keys", 0.0, "kept compressed")
        plan = Plan("some", looks, reason, self._from_s, spare=0 < looks * 4 <= self._fps)
        if (self.key_frames_only and looks == self.looks_per_s) or 0 < looks * self._key_every_s <= 1.0:
            return replace(plan, mode="keys")
        if self._fps and looks >= 0.9 * self._fps:
            return replace(plan, mode="every", looks_per_s=self._fps, spare=False)
        return plan
