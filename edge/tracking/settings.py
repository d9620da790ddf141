"""What a tracker can be told: a few numbers, in seconds and shares."""

from __future__ import annotations

from dataclasses import dataclass

# A detector may call one object by several of these names in turn; it stays one track.
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"car", "truck", "bus", "train"}),
    frozenset({"bicycle", "motorcycle"}),
)


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """What fits a detector and a camera; the defaults suit looks of 5 to 30 a second.

    Scores below `low_score` are not looked at; those below `high_score` may only continue a track that was seen at the
    look before; those of `birth_score` and more may start one.
    """

    aspect: float = 16 / 9  # width ÷ height of the picture, so that distances are the same in x and y
    low_score: float = 0.1
    high_score: float = 0.3
    birth_score: float = 0.5
    min_overlap: float = 0.2  # IoU of prediction and detection
    min_overlap_low: float = 0.5  # the same where the detection's score is low
    min_overlap_new: float = 0.3  # the same for the second look at a new object
    confirm_looks: int = 2  # looks in a row until a track is shown
    lost_s: float = 2.0  # how long a track that was shown waits unseen for its object
    families: tuple[frozenset[str], ...] = FAMILIES

    def __post_init__(self) -> None:
        if not 0 <= self.low_score <= self.high_score <= self.birth_score <= 1:
            raise ValueError(
                "0 <= low_score <= high_score <= birth_score <= 1 does not hold: "
                f"{self.low_score}, {self.high_score}, {self.birth_score}"
            )
        if not (self.aspect > 0 and self.lost_s >= 0 and self.confirm_looks >= 1):
            raise ValueError(f"aspect > 0, lost_s >= 0 and confirm_looks >= 1 are needed, got {self}")
