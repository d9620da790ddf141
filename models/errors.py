"""What can go wrong with a model, named by what the caller can do."""

from __future__ import annotations


class ModelError(Exception):
    """A model cannot be trusted or run (missing, wrong hash, wrong shape): do not start what needs it."""


class UnknownModel(ModelError):  # noqa: N818  named by what is the matter
    """There is no card of this name: somebody mistyped it."""
