"""Groups of copies: images that pairs of copies connect, directly or by a chain, and the weakest link of each group."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree


def grouped(n: int, pairs: pd.DataFrame) -> np.ndarray:
    """Return the group of each of the images 0..n-1, int (n,), numbered from 0 in the order of their first images.

    `pairs` has the columns a and b, numbers of images. An image without a copy is a group of its own.
    """
    edges = coo_matrix((np.ones(len(pairs), bool), (pairs["a"].to_numpy(), pairs["b"].to_numpy())), shape=(n, n))
    return connected_components(edges, directed=False)[1]


def weakest_links(groups: np.ndarray, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the weakest link of each group of two images or more: columns group, similarity, a, b.

    `groups` is from `grouped`; `pairs` has the columns a, b and similarity (0..1). The weakest link is the least
    similar pair on the group's maximum spanning tree: without the pairs up to its similarity, the group falls apart.
    """
    best = pairs.assign(low=pairs[["a", "b"]].min(axis=1), high=pairs[["a", "b"]].max(axis=1))
    best = best.sort_values(["similarity", "low", "high"], ascending=[False, True, True])
    best = best.drop_duplicates(["low", "high"])
    n = len(groups)
    # Zero is no edge in a sparse matrix: distances from 1 (identical) to 2.
    distances = coo_matrix((2 - best["similarity"].to_numpy(float), (best["low"], best["high"])), shape=(n, n))
    tree = minimum_spanning_tree(distances.tocsr()).tocoo()
    links = pd.DataFrame({"a": tree.row, "b": tree.col, "similarity": 2 - tree.data})
    links = links.assign(group=groups[links["a"].to_numpy(int)]).sort_values(["similarity", "a", "b"])
    weakest = links.drop_duplicates("group").sort_values("group")
    return weakest[["group", "similarity", "a", "b"]].reset_index(drop=True)
