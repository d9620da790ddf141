"""The topics of the contract: `ioc/v1/{site}/{node}/…`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from common.config import NAME_PATTERN as NAME_PATTERN

Channel: TypeAlias = Literal["event", "flow", "confirm", "status", "health", "command", "reply", "weather"]
CHANNELS: Final[tuple[Channel, ...]] = (
    "event", "flow", "confirm", "status", "health", "command", "reply", "weather",
)  # fmt: skip
_TOPIC = re.compile(r"^ioc/v1/([a-z0-9][a-z0-9_-]{0,62})/([a-z0-9][a-z0-9_-]{0,62})/([a-z]+)$")


@dataclass(frozen=True, slots=True)
class NodeTopics:
    """The topics of one node."""

    site: str
    node: str

    def __call__(self, channel: Channel) -> str:
        return f"ioc/v1/{self.site}/{self.node}/{channel}"


def parse_topic(topic: str) -> tuple[NodeTopics, Channel]:
    """Return whose topic it is and which channel; raises ValueError for any other topic."""
    match = _TOPIC.fullmatch(topic)
    if match is None or match[3] not in CHANNELS:
        raise ValueError(f"not a topic of this product: {topic[:100]!r}")
    return NodeTopics(match[1], match[2]), match[3]
