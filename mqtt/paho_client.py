"""A paho client set up as we want it: a clean start, nothing hoarded or held back, TLS and password as configured."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mqtt.errors import BrokerUnavailable
from mqtt.link import BrokerLink

Version: TypeAlias = Literal["5", "3.1.1"]
_PROTOCOLS: Final = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the line breaks without a goodbye."""

    topic: str
    payload: bytes


def make_client(link: BrokerLink, version: Version, client_id: str, will: Will | None, manual_ack: bool) -> Client:
    """Return a client that is not connected yet; raises BrokerUnavailable or ConfigError for unusable credentials."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=_PROTOCOLS[version],
        clean_session=None if version == "5" else True,
        reconnect_on_failure=False,
        manual_ack=manual_ack,
    )
    client.max_inflight_messages_set(0)  # the caller bounds what is open; nothing may wait in here
    client.connect_timeout = link.timeout_s
    client.on_socket_open = _send_at_once
    user, password = link.credentials()
    if user is not None:
        client.username_pw_set(user, password)
    if link.tls:
        client.tls_set_context(_tls(link))
    if will is not None:
        client.will_set(will.topic, will.payload, 1, True)
    return client


def connect_options(version: Version, receive_maximum: int) -> dict[str, Any]:
    """Return what `connect` wants beside the address."""
    if version != "5":
        return {}
    properties = _properties(PacketTypes.CONNECT)
    properties.ReceiveMaximum = receive_maximum
    return {"clean_start": True, "properties": properties}


def publish_properties(version: Version, expiry_s: int | None, content_type: str | None) -> Properties | None:
    """Return what MQTT 5 says beside the payload; nothing essential, for 3.1.1 can't say it."""
    if version != "5" or (expiry_s is None and content_type is None):
        return None
    properties = _properties(PacketTypes.PUBLISH)
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    if content_type is not None:
        properties.ContentType = content_type
    return properties


def _send_at_once(_client: Client, _data: Any, sock: Any) -> None:
    """Without this the kernel holds an event back until the one before is acknowledged: up to 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _tls(link: BrokerLink) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(link.ca_file) if link.ca_file else None)
        if link.cert_file is not None:
            context.load_cert_chain(link.cert_file, link.key_file)
    except (OSError, ssl.SSLError) as error:
        raise BrokerUnavailable(f"{link}: certificate or key cannot be used: {error}") from error
    return context
