"""Hear from a camera itself that something moves (ONVIF Core 2.6, clause 9: real-time pull-point notification)."""

from __future__ import annotations

import base64
import hashlib
import http.client
import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from common.backoff import delays
from common.redact import redact
from rtsp.errors import SourceError
from rtsp.supervisor import supervise

log = logging.getLogger(__name__)

_PULL_S: Final = 5  # how long the camera may hold an answer back; stopping may have to wait for it
_KEEP_S: Final = 60  # the subscription ends so long after the last sign of us
_LARGEST_BYTES: Final = 512 * 1024
_EVENTS: Final = "http://www.onvif.org/ver10/events/wsdl"
_NOTIFY: Final = "http://docs.oasis-open.org/wsn/b-2"
_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_CREATE: Final = f"{_EVENTS}/EventPortType/CreatePullPointSubscriptionRequest"
_PULL: Final = f"{_EVENTS}/PullPointSubscription/PullMessagesRequest"
_RENEW: Final = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest"
_http = build_opener(ProxyHandler({}))  # cameras are on the local network


class PullPoint:
    """One subscription. Every call raises `SourceError`; nothing is tried again."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._parts = urlsplit(url)
        self._timeout_s = timeout_s
        self._address = _bare(self._parts)

    def open(self) -> None:
        """Subscribe at the camera's event service."""
        keep = f"<InitialTerminationTime>PT{_KEEP_S}S</InitialTerminationTime>"
        body = f'<CreatePullPointSubscription xmlns="{_EVENTS}">{keep}</CreatePullPointSubscription>'
        answer = self._call(self._address, _CREATE, body)
        told = next((e.text for e in _named(answer, "Address") if e.text), None)
        if told:  # behind address translation cameras tell an address of their own: only its path is believed
            path = urlsplit(told.strip())
            self._address = _bare(self._parts._replace(path=path.path, query=path.query))

    def motion(self) -> Iterator[bool]:
        """Wait a few seconds at most; yield each change that was told: True when something moves."""
        limits = f"<Timeout>PT{_PULL_S}S</Timeout><MessageLimit>50</MessageLimit>"
        body = f'<PullMessages xmlns="{_EVENTS}">{limits}</PullMessages>'
        yield from _motion(self._call(self._address, _PULL, body))

    def renew(self) -> None:
        """Ask for another while."""
        body = f'<Renew xmlns="{_NOTIFY}"><TerminationTime>PT{_KEEP_S}S</TerminationTime></Renew>'
        self._call(self._address, _RENEW, body)

    def _call(self, address: str, action: str, body: str) -> ElementTree.Element:
        envelope = (
            '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>'
            f"<a:Action>{action}</a:Action><a:To>{escape(address)}</a:To>{self._security()}</s:Header>"
            f"<s:Body>{body}</s:Body></s:Envelope>"
        )
        kind = f'application/soap+xml; charset=utf-8; action="{action}"'
        request = Request(address, envelope.encode(), {"Content-Type": kind}, method="POST")
        try:
            with _http.open(request, timeout=self._timeout_s + _PULL_S) as answer:
                return ElementTree.fromstring(answer.read(_LARGEST_BYTES))
        except (OSError, http.client.HTTPException, ElementTree.ParseError) as error:
            raise SourceError("onvif", f"{redact(address)}: {redact(str(error))}") from error

    def _security(self) -> str:
        """A user name with a password that is good for this one message (WS-Security 1.1, UsernameToken digest)."""
        if not self._parts.username:
            return ""
        nonce, created = os.urandom(16), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        secret = nonce + created.encode() + unquote(self._parts.password or "").encode()
        digest = base64.b64encode(hashlib.sha1(secret).digest()).decode()  # SHA-1 is what the standard asks for
        return (
            f'<w:Security xmlns:w="{_WSSE}-wssecurity-secext-1.0.xsd"><w:UsernameToken>'
            f"<w:Username>{escape(unquote(self._parts.username))}</w:Username>"
            f'<w:Password Type="{_WSSE}-username-token-profile-1.0#PasswordDigest">{digest}</w:Password>'
            f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
            f'<u:Created xmlns:u="{_WSSE}-wssecurity-utility-1.0.xsd">{created}</u:Created>'
            "</w:UsernameToken></w:Security>"
        )


class MotionWatch:
    """Keeps a subscription alive on a thread of its own. A camera without events loses only these."""

    def __init__(
        self,
        camera_id: str,
        url: str,
        on_motion: Callable[[bool], None],
        *,
        waits: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self._camera_id, self._url, self._on_motion, self._waits = camera_id, url, on_motion, waits
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"onvif-{camera_id}", daemon=True)
        self._moving = False
        self.failure: str | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it without waiting for an answer that the camera holds back."""
        self._stop.set()

    def _run(self) -> None:
        try:
            supervise(self._attempt, self._lost, self._stop, camera_id=self._camera_id, waits=self._waits)
        except Exception as error:  # the top of this thread
            log.exception("motion events end", extra={"camera": self._camera_id})
            self.failure = str(error)
        self._say(False)

    def _attempt(self, session: int) -> bool:
        point, pulls = PullPoint(self._url), 0
        point.open()
        self.failure = None
        while not self._stop.is_set():
            told = list(point.motion())
            for moving in told:
                self._say(moving)
            pulls += 1
            if pulls % (_KEEP_S // _PULL_S // 3) == 0:
                point.renew()
            self._stop.wait(0.05)  # a camera that answers at once must not be asked without end
        return True

    def _lost(self, failure: SourceError) -> None:
        self.failure = str(failure)
        self._say(False)  # whoever cannot be heard keeps nothing awake

    def _say(self, moving: bool) -> None:
        if moving != self._moving:
            self._moving = moving
            self._on_motion(moving)


def _motion(answer: ElementTree.Element) -> Iterator[bool]:
    for note in _named(answer, "NotificationMessage"):
        topic = "".join(e.text or "" for e in _named(note, "Topic")).lower()
        for item in _named(note, "SimpleItem"):
            name, value = item.get("Name", ""), item.get("Value", "").lower()
            if name == "IsMotion" or ("motion" in topic and name == "State"):
                yield value in {"true", "1"}


def _named(tree: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of a local name, whatever namespace prefix a camera's maker took."""
    return (element for element in tree.iter() if element.tag.rsplit("}", 1)[-1] == name)


def _bare(parts: SplitResult) -> str:
    """Return the address without user and password."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
