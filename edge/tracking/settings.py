"""What a tracker can be told: few numbers, all in seconds, scores or shares."""

from __future__ import annotations

from dataclasses import dataclass

# A detector may call one object by several of these names in turn; it stays one track.
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"car", "truck", "bus", "train"}),
    frozenset({"bicycle", "motorcycle"}),
)


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Defaults suit detectors whose scores are 0..1 and looks of 5 to 30 a second."""

    aspect: float = 16 / 9  # width ÷ height of the picture, so that distances are the same in x and y
    high_score: float = 0.5  # at least this may start a track
    low_score: float = 0.1  # at least this may continue one
    min_iou: float = 0.3  # overlap of prediction and detection, at least, in the first round
    min_iou_low: float = 0.5  # the same in the round of the low scores
    confirm_looks: int = 2  # detections until a track is shown
    lost_s: float = 1.5  # how long a confirmed track waits unseen for its object
    families: tuple[frozenset[str], ...] = FAMILIES
