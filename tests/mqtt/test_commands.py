"""The desk that takes commands: bounded, and never in doubt about what it has answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mqtt.commands import MOST_REMEMBERED, MOST_WAITING, CommandDesk
from mqtt.wire import LARGEST_MESSAGE_BYTES, Command, Reply
from tests.mqtt.support import until


class Worker:
    """Carries out nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.done: list[str] = []

    def __call__(self, command: Command) -> Reply:
        self.let_go.wait(5.0)
        self.done.append(command.id)
        if command.do == "clip":
            return Reply(id="another", ok=True, result={"much": "x" * LARGEST_MESSAGE_BYTES})
        return Reply(id="another", ok=True)


@pytest.fixture
def worker() -> Iterator[Worker]:
    hands = Worker()
    yield hands
    hands.let_go.set()


def ask(desk: CommandDesk, command_id: str, do: str = "reload") -> None:
    desk.take(Command(id=command_id, do=do).to_bytes())


def test_a_reply_is_kept_until_the_broker_has_it_and_carries_the_id_of_its_command(worker: Worker) -> None:
    desk = CommandDesk(lambda: None)
    desk.start(worker)
    worker.let_go.set()
    ask(desk, "1")
    until(lambda: desk.unsent() == [Reply(id="1", ok=True)])

    desk.taken("1")
    ask(desk, "1")

    assert desk.unsent() == []
    desk.stop()
    assert worker.done == ["1"]


def test_too_many_commands_are_refused_with_an_answer(worker: Worker) -> None:
    desk = CommandDesk(lambda: None)
    desk.start(worker)
    for n in range(MOST_WAITING + 5):
        ask(desk, str(n))

    refused = [reply for reply in desk.unsent() if not reply.ok]

    assert 4 <= len(refused) <= 5  # one may already be at work
    assert all("busy" in str(reply.error) for reply in refused)
    worker.let_go.set()
    desk.stop(5.0)


def test_an_answer_too_large_for_a_message_becomes_one_that_says_so(worker: Worker) -> None:
    desk = CommandDesk(lambda: None)
    desk.start(worker)
    worker.let_go.set()

    ask(desk, "big", "clip")

    until(lambda: [(r.ok, r.error) for r in desk.unsent()] == [(False, "the answer is too large for a message")])
    desk.stop()


def test_without_anyone_to_carry_it_out_a_command_is_answered_all_the_same() -> None:
    desk = CommandDesk(lambda: None)

    ask(desk, "1")

    assert [reply.ok for reply in desk.unsent()] == [False]


def test_only_so_many_ids_are_remembered() -> None:
    desk = CommandDesk(lambda: None)

    for n in range(MOST_REMEMBERED + 50):
        ask(desk, str(n))

    assert len(desk.unsent()) == MOST_REMEMBERED
