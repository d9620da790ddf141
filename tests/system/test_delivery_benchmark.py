"""The delivery benchmark runs the real product and prints what the contract promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.delivery import bench_delivery

pytestmark = pytest.mark.system


def test_the_delivery_benchmark_counts_what_was_published_stored_lost_and_doubled(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    result = bench_delivery(
        steady=60, per_s=60.0, burst=200, folder=tmp_path, progress=lambda done, of: told.append((done, of))
    )

    assert (result["published"], result["stored"], result["lost"], result["double"]) == (260, 260, 0, 0)
    assert 0 < result["p50_ms"] <= result["p95_ms"] <= result["p99_ms"]
    assert result["events_per_s"] > 0
    assert told == sorted(told)
    assert told[-1][1] == 260
