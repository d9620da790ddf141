"""One connection to the broker: it works, or it raises BrokerUnavailable. It never tries again and never hoards."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mqtt.errors import BrokerUnavailable
from mqtt.link import BrokerLink
from mqtt.network import NetworkThread
from mqtt.paho_client import Version, Will, connect_options, make_client, publish_properties

__all__ = ["Connection", "Message", "Version", "Will", "connect"]

log = logging.getLogger(__name__)

_UNKNOWN_VERSION: Final = "Unsupported protocol version"
_HUNG_UP: Final = "the broker hung up without an answer: wrong user or password, or TLS on one side only"
_DEFAULT_RECEIVE_MAXIMUM: Final = 65_535


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived. `mid` is what `Connection.ack` wants for QoS 1; 0 needs none."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    mid: int


class _Refused(BrokerUnavailable):
    """The broker closed the door before it let us in: perhaps it does not know this protocol version."""


class Connection:
    """Made by `connect`. The callbacks run on the network thread and must only hand over; `lost` is set once, for good.

    `on_message` may block: the socket is then not read, and the broker has to wait. `on_taken(mid, error)` tells that
    the broker took a QoS 1 message (error None) or refused it.
    """

    def __init__(
        self,
        link: BrokerLink,
        version: Version,
        client_id: str,
        *,
        will: Will | None,
        manual_ack: bool,
        receive_maximum: int,
        on_message: Callable[[Message], None],
        on_taken: Callable[[int, str | None], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.version = version
        self.lost = threading.Event()
        self.reason = "connection lost"
        self.receive_maximum = _DEFAULT_RECEIVE_MAXIMUM  # QoS 1 messages that the broker wants open at once
        self._answered, self._refusal = threading.Event(), ""
        self._granted: dict[int, list[ReasonCode]] = {}
        self._subscribed = threading.Condition()
        self._places, self._open, self._timeout_s = threading.Condition(), 0, link.timeout_s
        self._on_message, self._on_taken, self._on_lost = on_message, on_taken, on_lost
        self._paho = make_client(link, version, client_id, will, manual_ack)
        self._listen()
        self._network = NetworkThread(self._paho, lambda: self._mark_lost("connection lost"))
        self._join(link, receive_maximum)

    def publish(
        self, topic: str, payload: bytes, *, qos: Literal[0, 1] = 1, retain: bool = False, expiry_s: int | None = None,
        content_type: str | None = None,
    ) -> int:  # fmt: skip
        """Hand over to the socket and return the message's mid; for QoS 1 `on_taken` tells the rest.

        Waits while the broker has as many open messages as it wants (`receive_maximum`), and raises BrokerUnavailable
        when that lasts longer than `timeout_s`.
        """
        if qos:
            self._take_place()
        if self.lost.is_set():
            raise BrokerUnavailable(self.reason)
        info = self._paho.publish(topic, payload, qos, retain, publish_properties(self.version, expiry_s, content_type))
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerUnavailable(f"not sent: {info.rc.name}")
        self._network.ring()
        return info.mid

    @property
    def room(self) -> int:
        """QoS 1 messages that can be published without waiting."""
        return max(0, self.receive_maximum - self._open)

    def _take_place(self) -> None:
        with self._places:
            if not self._places.wait_for(lambda: self.lost.is_set() or self.room > 0, self._timeout_s):
                raise BrokerUnavailable(f"the broker has taken nothing for {self._timeout_s:g} s")
            self._open += 1

    def subscribe(self, filters: list[str], timeout_s: float, *, at_most_once: Collection[str] = ()) -> None:
        """Return when the broker has granted all filters: QoS 0 for those in `at_most_once`, else 1.

        Raises BrokerUnavailable when it has not.
        """
        code, mid = self._paho.subscribe([(name, 0 if name in at_most_once else 1) for name in filters])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise BrokerUnavailable(f"could not subscribe: {code.name}")
        self._network.ring()
        with self._subscribed:
            self._subscribed.wait_for(lambda: mid in self._granted or self.lost.is_set(), timeout_s)
            answers = self._granted.pop(mid, None)
        if answers is None:
            raise BrokerUnavailable("the broker did not answer a subscription")
        refused = [f"{name}: {answer}" for name, answer in zip(filters, answers, strict=False) if answer.is_failure]
        if refused:
            raise BrokerUnavailable(f"the broker refused a subscription: {', '.join(refused)}")

    def ack(self, message: Message) -> None:
        """Tell the broker that a QoS 1 message needs no repeat (with manual_ack only)."""
        if message.qos:
            self._paho.ack(message.mid, message.qos)
            self._network.ring()

    def close(self, timeout_s: float = 2.0) -> None:
        """Say goodbye (the will is not sent) and end the network thread; without goodbye after `timeout_s`."""
        line = self._network.hold()
        self._paho.disconnect()
        self._network.ring()
        if not self.lost.wait(timeout_s):
            self._network.cut()
        self._network.join(timeout_s)
        if line is not None:
            self._network.read_out(line, timeout_s)

    def cut(self) -> None:
        """Drop the line without goodbye: the broker sends the will."""
        self._network.cut()
        self._network.join(2.0)

    def _listen(self) -> None:
        self._paho.on_connect = self._connected
        self._paho.on_disconnect = self._disconnected
        self._paho.on_message = self._arrived
        self._paho.on_publish = self._taken
        self._paho.on_subscribe = self._subscription

    def _join(self, link: BrokerLink, receive_maximum: int) -> None:
        try:
            self._paho.connect(link.host, link.port, link.keepalive_s, **connect_options(self.version, receive_maximum))
        except (OSError, ValueError) as error:
            raise BrokerUnavailable(f"{link}: {error}") from error
        self._network.start()
        answered = self._answered.wait(link.timeout_s)
        if not answered or self._refusal:
            self.cut()
            if not answered:
                raise BrokerUnavailable(f"{link}: no answer in {link.timeout_s:g} s")
            unknown = self._refusal == _UNKNOWN_VERSION or self._refusal == _HUNG_UP
            raise (_Refused if unknown else BrokerUnavailable)(f"{link}: {self._refusal}")

    def _connected(
        self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._refusal = str(code)
        self.receive_maximum = getattr(properties, "ReceiveMaximum", None) or _DEFAULT_RECEIVE_MAXIMUM
        self._answered.set()

    def _disconnected(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._mark_lost(str(code))

    def _mark_lost(self, reason: str) -> None:
        if not self._answered.is_set():
            self._refusal = _HUNG_UP
            self._answered.set()
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()
            for waiting in (self._subscribed, self._places):
                with waiting:
                    waiting.notify_all()
            self._on_lost()

    def _arrived(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"
        self._on_message(Message(topic, bytes(message.payload), message.qos, message.retain, message.mid))

    def _taken(self, _client: Client, _data: Any, mid: int, code: ReasonCode, _properties: Properties | None) -> None:
        with self._places:
            self._open -= 1
            self._places.notify()
        self._on_taken(mid, str(code) if code.is_failure else None)

    def _subscription(
        self, _client: Client, _data: Any, mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        with self._subscribed:
            self._granted[mid] = codes
            self._subscribed.notify_all()


def connect(
    link: BrokerLink,
    client_id: str,
    *,
    will: Will | None = None,
    manual_ack: bool = False,
    receive_maximum: int = 1_000,
    on_message: Callable[[Message], None] = lambda message: None,
    on_taken: Callable[[int, str | None], None] = lambda mid, error: None,
    on_lost: Callable[[], None] = lambda: None,
) -> Connection:
    """Return a connection that the broker has accepted, by MQTT 5 or else 3.1.1; raises BrokerUnavailable.

    It starts clean: nothing is left over from an earlier connection of the same name, here or at the broker.
    """
    versions: tuple[Version, ...] = ("5", "3.1.1") if link.protocol == "auto" else (link.protocol,)
    for version in versions:
        try:
            return Connection(
                link, version, client_id, will=will, manual_ack=manual_ack, receive_maximum=receive_maximum,
                on_message=on_message, on_taken=on_taken, on_lost=on_lost,
            )  # fmt: skip
        except _Refused as refusal:
            if version == versions[-1]:
                raise
            log.debug("trying MQTT 3.1.1", extra={"reason": str(refusal)})
    raise AssertionError("unreachable")
