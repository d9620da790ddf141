"""Digest authentication (RFC 7616, and RFC 2069 for old receivers) with MD5 or SHA-256; basic is never accepted."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from rtsp.client.digest import HASHES, parameters

REALM = "IOC camera simulator"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Who may look. Algorithms are offered strongest first; a receiver takes the one that it knows."""

    user: str
    password: str
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")

    def challenges(self, nonce: str) -> list[str]:
        """Return one WWW-Authenticate value for each algorithm."""
        return [f'Digest realm="{REALM}", nonce="{nonce}", algorithm={name}' for name in self.algorithms]

    def accept(self, header: str, *, method: str, nonce: str) -> bool:
        """Whether an Authorization header answers the challenge that `nonce` was part of."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() != "digest":
            return False
        given = parameters(rest)
        algorithm = given.get("algorithm", "MD5").upper()
        if algorithm not in self.algorithms or given.get("nonce") != nonce or given.get("realm") != REALM:
            return False
        if given.get("username") != self.user:
            return False
        expected = self._response(algorithm, method, given)
        return hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())

    def _response(self, algorithm: str, method: str, given: dict[str, str]) -> str:
        def digest(text: str) -> str:
            return str(HASHES[algorithm](text.encode()).hexdigest())

        secret = digest(f"{self.user}:{REALM}:{self.password}")
        asked = digest(f"{method}:{given.get('uri', '')}")
        if given.get("qop") == "auth":
            between = f"{given.get('nonce')}:{given.get('nc', '')}:{given.get('cnonce', '')}:auth"
        else:
            between = given.get("nonce", "")
        return digest(f"{secret}:{between}:{asked}")
