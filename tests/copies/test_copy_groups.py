"""Groups of copies and their weakest links, by hand and against a plain search."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.copies.groups import grouped, weakest_links
from benchmarks.copies.pairs import _groups


def table(*pairs: tuple[int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["a", "b", "similarity"])


def test_a_chain_is_one_group_and_its_weakest_link_is_named():
    # 0-1-2 hang together by 0.7 although 0 and 2 are linked by 0.66 too; 4-5 is a group; 3 has no copy.
    pairs = table((0, 1, 0.9), (1, 2, 0.7), (0, 2, 0.66), (4, 5, 1.0))
    groups = grouped(6, pairs)
    assert groups.tolist() == [0, 0, 0, 1, 2, 2]
    links = weakest_links(groups, pairs)
    assert links["group"].tolist() == [0, 2]
    assert links["similarity"].round(6).tolist() == [0.7, 1.0]
    assert links[["a", "b"]].to_numpy().tolist() == [[1, 2], [4, 5]]


def test_without_pairs_every_image_is_its_own_group():
    assert grouped(3, table()).tolist() == [0, 1, 2]
    assert weakest_links(grouped(3, table()), table()).empty


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 99)), max_size=20))
def test_a_group_falls_apart_without_the_pairs_up_to_its_weakest_link(drawn):
    pairs = table(*[(a, b, s / 100) for a, b, s in drawn if a != b])
    groups = grouped(8, pairs)
    links = weakest_links(groups, pairs)
    assert set(links["group"]) == {group for group in groups if (groups == group).sum() > 1}
    for link in links.itertuples():
        members = np.flatnonzero(groups == link.group)
        stronger, as_strong = (
            grouped(8, pairs[keep(pairs["similarity"], link.similarity)])[members] for keep in (exceeds, reaches)
        )
        assert len(set(stronger)) > 1 and len(set(as_strong)) == 1


def exceeds(similarity: pd.Series, limit: float) -> pd.Series:
    return similarity > limit + 1e-9


def reaches(similarity: pd.Series, limit: float) -> pd.Series:
    return similarity > limit - 1e-9


@given(
    flipped=st.lists(st.booleans(), min_size=1, max_size=12),
    ends=st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20),
)
def test_each_image_of_a_group_is_mirrored_to_the_first_or_not(flipped, ends):
    n = len(flipped)
    ends = sorted({(a, b) for a, b in ends if a < b < n})
    pairs = pd.DataFrame(ends, columns=["a", "b"]).astype(int)
    pairs = pairs.assign(mirrored=[flipped[a] != flipped[b] for a, b in ends]).astype({"mirrored": bool})
    groups, found = _groups(pairs, n)
    assert groups.tolist() == grouped(n, pairs).tolist()
    first = [groups.tolist().index(group) for group in groups]
    assert found.tolist() == [flipped[image] != flipped[start] for image, start in enumerate(first)]
