"""Keep a camera's usual view for each light: what colour shows by day is not what infrared shows by night."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from detectors.picture import Picture
from edge.rules.turned import Creep
from edge.rules.view import Features, LearnedView, has_colour

SURE_LOOKS: Final = 2  # in a row
WORTH_S: Final = 30.0  # a light that lasted for less is forgotten: a grey cloth before the lens looks like infrared


@dataclass(slots=True)
class Light:
    """What is usual in one light."""

    view: LearnedView = field(default_factory=LearnedView)
    creep: Creep = field(default_factory=Creep)
    lasted_s: float = 0.0


class Lights:
    """The usual views of one camera, and the one that counts just now."""

    def __init__(self) -> None:
        self.now = Light()
        self._known: dict[bool, Light] = {}
        self._colour: bool | None = None
        self._other_looks = 0

    def look(self, picture: Picture, features: Features, step_s: float) -> None:
        """Take in one picture, and turn to the view of its light when that has switched."""
        colour = has_colour(picture)
        if self._colour is None:
            self._colour, self._known[colour] = colour, self.now
        self._other_looks = self._other_looks + 1 if colour != self._colour else 0
        if self._other_looks >= SURE_LOOKS:
            self._switch(colour, features)
        self.now.lasted_s += step_s

    def _switch(self, colour: bool, features: Features) -> None:
        """A light that is new begins with the edges of the one before: they survive, sharpness and shapes do not."""
        left, self._colour, self._other_looks = self.now, colour, 0
        if left.lasted_s < WORTH_S:
            self._known.pop(not colour, None)
        if colour not in self._known:
            self._known[colour] = Light(left.view.in_other_light(features))
        self.now = self._known[colour]
