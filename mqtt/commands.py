"""Commands to a node: each is carried out once and answered once, by its id."""

from __future__ import annotations

import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mqtt.wire import LARGEST_MESSAGE_BYTES, Command, Reply

log = logging.getLogger(__name__)

MOST_WAITING: Final = 32
MOST_REMEMBERED: Final = 1_000


class CommandDesk:
    """Takes commands on one thread, carries them out on another, and keeps each reply until the broker has it."""

    def __init__(self, on_reply: Callable[[], None]) -> None:
        self.malformed = 0
        self._on_reply = on_reply
        self._handle: Callable[[Command], Reply] | None = None
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Reply | None] = OrderedDict()  # id → reply that the broker has not taken yet
        self._waiting: queue.Queue[Command | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="mqtt-commands", daemon=True)

    def start(self, handle: Callable[[Command], Reply]) -> None:
        self._handle = handle
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=timeout_s)
            except queue.Full:
                return
            self._thread.join(timeout_s)

    def take(self, payload: bytes) -> None:
        """Accept a command from the network; what is not one is counted, a repeat is not carried out again."""
        try:
            command = Command.from_bytes(payload)
        except ValueError as error:
            self.malformed += 1
            log.warning("a malformed command was ignored", extra={"reason": str(error)[:300]})
            return
        with self._lock:
            if command.id in self._known:
                return
            self._known[command.id] = None
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        self._queue(command)

    def unsent(self) -> list[Reply]:
        """Return the replies that the broker has not taken yet, oldest first."""
        with self._lock:
            return [reply for reply in self._known.values() if reply is not None]

    def taken(self, command_id: str) -> None:
        """The broker has the reply to this command."""
        with self._lock:
            if command_id in self._known:
                self._known[command_id] = None

    def _queue(self, command: Command) -> None:
        if self._handle is None:
            self._answer(Reply(id=command.id, ok=False, error="this node takes no commands"))
            return
        try:
            self._waiting.put_nowait(command)
        except queue.Full:
            self._answer(Reply(id=command.id, ok=False, error=f"busy: {MOST_WAITING} commands wait already"))

    def _run(self) -> None:
        while (command := self._waiting.get()) is not None:
            try:
                assert self._handle is not None
                reply = self._handle(command)
                if len(reply.to_bytes()) > LARGEST_MESSAGE_BYTES:
                    reply = Reply(id=command.id, ok=False, error="the answer is too large for a message")
            except Exception as error:
                log.exception("a command failed", extra={"do": command.do, "id": command.id})
                reply = Reply(id=command.id, ok=False, error=f"{type(error).__name__}: {error}"[:1000])
            self._answer(reply.model_copy(update={"id": command.id}))

    def _answer(self, reply: Reply) -> None:
        with self._lock:
            self._known[reply.id] = reply
        self._on_reply()
