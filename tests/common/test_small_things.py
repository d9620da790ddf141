import random
from itertools import islice

import pytest

from common.backoff import delays
from common.redact import redact


def test_waits_double_up_to_the_cap_and_are_jittered():
    waits = list(islice(delays(1.0, 8.0, rng=random.Random(1)), 6))

    for wait, ceiling in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert ceiling / 2 <= wait <= ceiling


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("rtsp://admin:s3cret@10.0.0.1/main", "rtsp://***@10.0.0.1/main"),
        ("rtsp://admin:p@ss:w@10.0.0.1/main failed", "rtsp://***@10.0.0.1/main failed"),
        ("rtsp://admin:ab/cd@10.0.0.1/main", "rtsp://***@10.0.0.1/main"),  # unescaped, as installers write it
        ("http://10.0.0.1:8080/a@b", "http://10.0.0.1:8080/a@b"),
        ("http://cam/snap?user=a&password=b&x=1", "http://cam/snap?user=a&password=***&x=1"),
        ("mqtt://127.0.0.1:1883 refused", "mqtt://127.0.0.1:1883 refused"),
    ],
)
def test_credentials_never_reach_a_log(text: str, safe: str):
    assert safe == redact(text)
