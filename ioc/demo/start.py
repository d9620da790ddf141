"""Put the demo together: footage, secrets, configuration, then one process after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from central.accounts import ensure_user, make_token
from central.config import CentralConfig
from central.store import Store, migrate
from common.config import read_config
from common.media import MediaError
from common.processes import ProcessError, ProcessGroup, answers, free_port, listens, write_secret
from ioc.demo.clips import prepare
from models.card import find_card
from models.errors import ModelError
from models.store import ensure

NODE_TEMPLATE: Final = Path(__file__).with_name("node.yaml")
CENTRAL_TEMPLATE: Final = Path(__file__).with_name("central.yaml")
USER: Final = "demo"
MODELS: Final = ("yolov8n", "smoke")


def build(world: ProcessGroup, port: int, tell: Callable[[str], None], advance: Callable[[], None]) -> tuple[str, str]:
    """Start everything and return (the console's address, the operator's password). Raises ProcessError."""
    clips = prepare(tell)
    advance()
    _get_models(tell)
    advance()
    places = {
        "data": str(world.data),
        "console_port": str(free_port(port)),
        "broker_port": str(free_port()),
        "rtsp_port": str(free_port()),
    }
    node_file, central_file = (_fill(t, world.data, places) for t in (NODE_TEMPLATE, CENTRAL_TEMPLATE))
    password = _accounts(world.data, central_file)

    world.start("broker", ["broker", "run", "--port", places["broker_port"]])
    world.wait_until(lambda: listens(int(places["broker_port"])), "the broker")
    advance()
    address = f"http://127.0.0.1:{places['console_port']}"
    world.start("central", ["central", "run", str(central_file)])
    world.start("cameras", ["camera", "simulate", *map(str, clips.values()), "--port", places["rtsp_port"]])
    world.wait_until(lambda: answers(f"{address}/readyz"), "central")
    advance()
    world.wait_until(lambda: listens(int(places["rtsp_port"])), "the simulated cameras")
    advance()
    world.start("edge", ["edge", "run", str(node_file)])
    advance()
    return address, password


def _get_models(tell: Callable[[str], None]) -> None:
    for name in MODELS:
        try:
            card = find_card(name)
            ensure(card)
            tell(f"model {card.name} {card.version} ({card.licence})")
        except (ModelError, MediaError) as error:
            tell(f"model {name} cannot be had here; what needs it stays blind and says so: {error}")


def _fill(template: Path, folder: Path, places: Mapping[str, str]) -> Path:
    text = template.read_text(encoding="utf-8")
    for name, value in places.items():
        text = text.replace(f"<{name}>", value)
    target = folder / template.name
    target.write_text(text, encoding="utf-8")
    return target


def _accounts(data: Path, central_file: Path) -> str:
    """Make the operator, and the node's token at central; return the operator's generated password."""
    store = Store(read_config(central_file, CentralConfig).store.url)
    try:
        migrate(store)
        password = ensure_user(store, USER, "operator")
        write_secret(data / "node.token", make_token(store, "box-01", "node"))
    finally:
        store.close()
    if password is None:
        raise ProcessError("the demo's folder was not empty")
    return password
