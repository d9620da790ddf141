"""What can go wrong with the broker, named by what the caller can do about it."""

from __future__ import annotations


class BrokerUnavailable(Exception):  # noqa: N818  named by what it means: keep it, and try again later
    """The broker did not take the message or the connection: whatever it was, it stays where it is kept."""


class TryAgain(Exception):  # noqa: N818
    """The receiver cannot store a batch right now (store away, disk full). Nothing is acknowledged; it comes again."""
