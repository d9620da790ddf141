"""Both brokers: the embedded one and, where it is installed, an independent one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mqtt.link import BrokerLink
from tests.mqtt import support


@pytest.fixture(scope="session", params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[support.BrokerProcess]:
    """One running broker of each make for all tests: they keep apart by the names of their nodes."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "mosquitto" and shutil.which("mosquitto") is None:
        pytest.skip("mosquitto is not installed")
    make = support.embedded if request.param == "embedded" else support.mosquitto
    with make(folder) as running:
        yield running


@pytest.fixture
def link(broker: support.BrokerProcess) -> BrokerLink:
    return BrokerLink(broker.url, timeout_s=5.0)


@pytest.fixture
def link_311(broker: support.BrokerProcess) -> BrokerLink:
    """The same broker, over MQTT 3.1.1."""
    return BrokerLink(broker.url_311, timeout_s=5.0, protocol="3.1.1")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 400 kB."""
    import subprocess

    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("a small file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
