"""What can go wrong with a source, named by what the caller can do."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

BY_NUMBER: Final = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.ENOENT: "not_found",
    errno.EACCES: "unauthorised",
    errno.ECONNRESET: "ended",
    errno.EPIPE: "ended",
    errno.EIO: "io",
}


class SourceError(Exception):
    """The stream could not be opened or stopped delivering; worth another try.

    `reason` is one word for health and events: refused, unauthorised, timeout, ended, timestamps, decode, …
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def reason_of(error: OSError) -> str:
    """Say in one word what went wrong with a connection."""
    if isinstance(error, socket.gaierror):
        return "no_such_host"
    if isinstance(error, ssl.SSLError):
        return "ended" if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) else "tls"
    if isinstance(error, TimeoutError):
        return "timeout"
    return BY_NUMBER.get(error.errno or 0, "ended")
