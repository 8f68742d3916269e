"""Candidates for warped copies: for each image, the images with the most similar keypoints."""

from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
import pandas as pd

from benchmarks.copies.keypoints import MIRRORED, UNIT, Film

MOST = 10  # candidates of an image, and of its mirror image
NEIGHBOURS = 4  # of a keypoint
EXACT = 50_000  # keypoints: fewer are all compared
PROBED = 16  # lists of the index that are searched
WIDTH = 0.25  # of the weight of a vote, which falls with the distance of descriptors of unit length as a Gaussian
BATCH = 100  # images asked at once


def candidates(films: Sequence[Film], n_first: int | None = None) -> pd.DataFrame:
    """Return the pairs of images that may be copies: columns a, b (numbers, a < b) and mirrored, sorted.

    With `n_first`, only pairs of one of the first `n_first` and one of the others.
    """
    first = range(len(films)) if n_first is None else range(n_first)
    asked = range(len(films)) if n_first is None else range(n_first, len(films))
    owner = np.concatenate([np.full(len(films[n].points), n) for n in first] or [np.zeros(0)]).astype(np.int64)
    none = pd.DataFrame({"a": [], "b": [], "mirrored": []}).astype({"a": int, "b": int, "mirrored": bool})
    if not len(owner):
        return none
    index = _index([films[n].descriptors for n in first])
    found = [none]
    for start in range(0, len(asked), BATCH):
        batch = [n for n in asked[start : start + BATCH] if len(films[n].points)]
        for mirrored in (False, True) if batch else ():
            found.append(_voted(index, owner, films, batch, mirrored))
    table = pd.concat(found, ignore_index=True)
    ends = np.sort(table[["a", "b"]].to_numpy(), axis=1)
    pairs = pd.DataFrame({"a": ends[:, 0], "b": ends[:, 1], "mirrored": table["mirrored"]})
    return pairs.drop_duplicates().sort_values(["a", "b", "mirrored"]).reset_index(drop=True)


def _index(descriptors: list[np.ndarray]) -> Any:
    """Return an index of the descriptors: exact for few, with inverted lists for many."""
    n = sum(map(len, descriptors))
    if n < EXACT:
        index: Any = faiss.IndexScalarQuantizer(128, faiss.ScalarQuantizer.QT_8bit_direct)
    else:
        lists = int(4 * np.sqrt(n))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatL2(128), 128, lists, faiss.ScalarQuantizer.QT_8bit_direct, faiss.METRIC_L2, False
        )
        index.nprobe = PROBED
        every = np.concatenate(descriptors)
        index.cp.niter = 6
        chosen = np.random.default_rng(0).choice(n, min(n, 40 * lists), replace=False)
        index.train(every[np.sort(chosen)].astype(np.float32))
    for start in range(0, len(descriptors), BATCH):
        index.add(np.concatenate(descriptors[start : start + BATCH]).astype(np.float32))
    return index


def _voted(index: Any, owner: np.ndarray, films: Sequence[Film], batch: list[int], mirrored: bool) -> pd.DataFrame:
    """Return the MOST images with the most votes for each image of `batch`: columns a, b, mirrored."""
    asked = [films[n].descriptors[:, MIRRORED] if mirrored else films[n].descriptors for n in batch]
    who = np.repeat(batch, [len(one) for one in asked])
    # A keypoint's nearest neighbour is itself if its own image is in the index.
    distance, place = index.search(np.concatenate(asked).astype(np.float32), NEIGHBOURS + 1)
    weight = np.exp(-distance / UNIT**2 / (2 * WIDTH**2))
    votes = pd.DataFrame({"a": np.repeat(who, NEIGHBOURS + 1), "b": owner[place.ravel()], "votes": weight.ravel()})
    votes = votes[(place.ravel() >= 0) & (votes["a"] != votes["b"])]
    sums = votes.groupby(["a", "b"], as_index=False)["votes"].sum()
    best = sums.sort_values(["a", "votes", "b"], ascending=[True, False, True]).groupby("a").head(MOST)
    return best[["a", "b"]].assign(mirrored=mirrored)
