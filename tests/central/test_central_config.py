"""Central's file: every mistake at once, by line and key."""

import pytest

from central.config import CentralConfig
from common.config import ConfigError, read_config


def test_an_empty_section_is_filled_with_what_the_contract_says():
    config = CentralConfig()

    assert ("127.0.0.1", 8080) == (config.host, config.port)
    assert ("mqtt://127.0.0.1:1883", None) == (config.broker.url, config.broker.group)
    assert ("sqlite:///central.db", 30) == (config.store.url, config.evidence.keep_days)


def test_every_mistake_is_named_with_its_line(tmp_path):
    file = tmp_path / "central.yaml"
    file.write_text(
        "listen: localhost\n"
        "broker: {url: http://10.0.0.1, group: 'Nhóm 1'}\n"
        "store:\n"
        "  url: mysql://db/ioc\n"
        "evidence: {dir: evidence, keep_day: 30}\n"
    )

    with pytest.raises(ConfigError) as caught:
        read_config(file, CentralConfig)

    told = str(caught.value).splitlines()
    assert 5 == len(told)
    assert f"{file}:1: listen: must look like 127.0.0.1:8080" in told
    assert f"{file}:4: store.url: must start with sqlite:/// or postgresql+psycopg://" in told
    assert f"{file}:5: evidence.keep_day: there is no such setting; did you mean 'keep_days'?" in told


@pytest.mark.parametrize("listen", ["127.0.0.1", ":8080", "127.0.0.1:99999", "somewhere:80", "127.0.0.1:x", "1.2.3:80"])
def test_an_address_that_is_none_is_refused(listen):
    with pytest.raises(ValueError, match=r"must look like|is not an address"):
        CentralConfig(listen=listen)


@pytest.mark.parametrize(
    ("listen", "host"), [("[::1]:8080", "::1"), ("0.0.0.0:80", "0.0.0.0"), ("localhost:1", "localhost")]
)
def test_addresses_are_taken_apart(listen, host):
    assert host == CentralConfig(listen=listen).host
