"""Footage with truth by construction: made from real clips by cutting, re-timing and pasting."""
