"""Answer a camera that asks who we are: digest (RFC 7616, and RFC 2069 for old cameras) or basic authentication."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

HASHES: Final[dict[str, Callable[..., Any]]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}  # the stronger first
_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def parameters(text: str) -> dict[str, str]:
    """Return the `name="value"` pairs of a challenge or of its answer, by small name."""
    return {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(text)}


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """A user, a password, and what the camera said about how to show that we know them."""

    user: str
    password: str
    challenge: dict[str, str]  # of digest; empty: basic

    def header(self, method: str, uri: str) -> str:
        """Return the Authorization header of a request."""
        if not self.challenge:
            return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        asked = self.challenge
        hashed = HASHES[asked.get("algorithm", "MD5").upper()]

        def digest(text: str) -> str:
            return str(hashed(text.encode()).hexdigest())

        parts = {"username": self.user, "realm": asked.get("realm", ""), "nonce": asked.get("nonce", ""), "uri": uri}
        secret = digest(f"{self.user}:{parts['realm']}:{self.password}")
        request = digest(f"{method}:{uri}")
        bare = ""
        if "auth" in re.split(r"[\s,]+", asked.get("qop", "")):
            own = secrets.token_hex(8)
            parts["response"] = digest(f"{secret}:{parts['nonce']}:00000001:{own}:auth:{request}")
            parts["cnonce"], bare = own, ", qop=auth, nc=00000001"
        else:
            parts["response"] = digest(f"{secret}:{parts['nonce']}:{request}")
        if "opaque" in asked:
            parts["opaque"] = asked["opaque"]
        if "algorithm" in asked:
            bare += f", algorithm={asked['algorithm']}"
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in parts.items()) + bare


def login(user: str, password: str, challenges: list[str]) -> Login | None:
    """Return how to answer the strongest of the WWW-Authenticate values that we know, None when we know none."""
    found: dict[str, dict[str, str]] = {}
    for challenge in challenges:
        scheme, _, rest = challenge.strip().partition(" ")
        if scheme.lower() == "basic":
            found["basic"] = {}
        elif scheme.lower() == "digest":
            given = parameters(rest)
            found[given.get("algorithm", "MD5").upper()] = given
    known = next((name for name in (*HASHES, "basic") if name in found), None)
    return None if known is None else Login(user, password, found[known])
