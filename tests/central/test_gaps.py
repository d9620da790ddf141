"""Which sequence numbers never came."""

from hypothesis import given
from hypothesis import strategies as st

from central.gaps import Gaps


@given(st.lists(st.integers(1, 60), min_size=1))
def test_what_is_missing_is_what_did_not_come_in_any_order(seqs):
    gaps = Gaps()
    for seq in seqs:
        gaps = gaps.heard(seq)

    missing = {n for first, last in gaps.missing for n in range(first, last + 1)}

    assert set(range(1, max(seqs) + 1)) - set(seqs) == missing
    assert len(missing) == gaps.count


def test_what_the_node_says_it_has_numbered_is_missing_until_it_comes():
    gaps = Gaps().heard(1).expect(4)

    assert 3 == gaps.count
    assert 2 == gaps.heard(3).count
    assert gaps == gaps.expect(2)
