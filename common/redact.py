"""Keep credentials out of logs, events and screens."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]*:(?:[^/\s]*|(?!\d{1,5}/)[^\s\"']*)@", re.IGNORECASE)
_QUERY_SECRET = re.compile(r"(?P<key>[?&](?:pass(?:word)?|pwd|token|key|secret)=)[^&\s]*", re.IGNORECASE)


def redact(text: str) -> str:
    """Return `text` with the user and password of every URL in it, and secret query values, replaced by ***."""
    return _QUERY_SECRET.sub(r"\g<key>***", _USERINFO.sub(r"\g<scheme>***@", text))
