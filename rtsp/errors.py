"""What can go wrong with a source, named by what the caller can do."""

from __future__ import annotations


class SourceError(Exception):
    """The stream could not be opened or stopped delivering; worth another try.

    `reason` is one word for health and events: refused, unauthorised, timeout, ended, timestamps, decode, …
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
