"""All pairs of copies among images, whichever search finds them."""

import hashlib
from collections.abc import Callable

import cv2
import faiss
import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order

from benchmarks.copies import rigid, warped
from benchmarks.copies.groups import grouped
from benchmarks.copies.keypoints import describe
from benchmarks.copies.registration import COPY, SAME_SCAN, judged, register

RIGID, WARPED = "rigid", "warped"  # values of found_by
# Frames of one scan can be similar enough for the first search
SURE, UPRIGHT = 0.9, 3.0  # similarity from which a pair is a copy, degrees of rotation up to which one is upright
MOST_FRAMES = 8  # images of a group

Read = Callable[[int], np.ndarray]


def use_threads(n: int) -> None:
    """Let the searches use `n` threads from now on, except scipy's Fourier transforms (scipy.fft.set_workers)."""
    cv2.setNumThreads(n)
    faiss.omp_set_num_threads(n)


def find_pairs(read: Read, n: int, n_first: int | None = None) -> pd.DataFrame:
    """Return every pair of copies, or of frames of one scan, among the images 0..n-1; `read(number)` is uint8 (H, W).

    With `n_first`, only pairs of one of the first `n_first` images and one of the others. Columns a, b (numbers,
    a < b), similarity (0..1), mirrored (bool), kind (copy or same_scan), identical (bool: the same pixels) and
    found_by (rigid or warped). Each image is read once or twice.
    """
    spectra, digests = described(read, n)
    return related(spectra, digests, read, n_first)


def described(read: Read, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the spectra (rigid.describe) of the images 0..n-1 and digests (n,) that are equal for equal pixels."""
    digests = []

    def noted(number: int) -> np.ndarray:
        image = read(number)
        digests.append(hashlib.md5(repr(image.shape).encode() + image.tobytes(), usedforsecurity=False).hexdigest())
        return image

    return rigid.describe(map(noted, range(n))), np.array(digests, dtype=str)


def related(spectra: np.ndarray, digests: np.ndarray, read: Read, n_first: int | None = None) -> pd.DataFrame:
    """Return `find_pairs` of images from `described`."""
    if n_first is None:
        found = rigid.search(spectra)
    else:
        found = rigid.search(spectra[:n_first], spectra[n_first:]).assign(b=lambda table: table["b"] + n_first)
    frames = _frames(found, spectra, read)
    found = found.drop(index=frames.index)
    group, flipped = _groups(found, len(spectra))
    # Images of one group are copies of each other: the second search needs the first image of each group alone.
    textured = np.any(spectra != 0, axis=(1, 2))
    sides = (np.arange(len(spectra)) >= (len(spectra) if n_first is None else n_first)).astype(int)
    places = pd.DataFrame({"group": group, "side": sides})[textured]
    chosen = places.drop_duplicates().index.to_numpy()
    films = [describe(read(number)) for number in chosen]
    more = warped.search(films, None if n_first is None else int((chosen < n_first).sum()))
    more = _expanded(more.assign(a=chosen[more["a"]], b=chosen[more["b"]]), group, flipped, textured, sides)
    if n_first is not None:
        more = more[(more["a"] < n_first) & (more["b"] >= n_first)]
    parts = [found.assign(kind=COPY, found_by=RIGID), frames.assign(found_by=WARPED), more.assign(found_by=WARPED)]
    table = pd.concat(parts, ignore_index=True).drop_duplicates(["a", "b"])  # the first search's word stands
    table = table.astype({"a": int, "b": int, "mirrored": bool})
    return table.assign(identical=digests[table["a"]] == digests[table["b"]]).reset_index(drop=True)


def _frames(pairs: pd.DataFrame, spectra: np.ndarray, read: Read) -> pd.DataFrame:
    """Return the rows of `pairs` that are frames of one scan, with the similarity after registration and their kind.

    They are looked for among the less similar upright pairs of small groups: augmentation makes larger ones.
    """
    group, _ = _groups(pairs, len(spectra))
    small = np.bincount(group, minlength=1)[group[pairs["a"]]] <= MOST_FRAMES
    similarity = {}
    for row in pairs[small & ~pairs["mirrored"] & (pairs["similarity"] < SURE)].itertuples():
        degrees, _ = rigid.rotation(spectra[row.a], spectra[row.b], False)
        if min(degrees, 360 - degrees) <= UPRIGHT:
            registration = register(describe(read(row.a)), describe(read(row.b)), False)
            if registration is not None and judged(registration, alike=True) == SAME_SCAN:
                similarity[row.Index] = registration.similarity
    return pairs.loc[list(similarity)].assign(similarity=list(similarity.values()), kind=SAME_SCAN)


def _groups(pairs: pd.DataFrame, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the group (N,) of each image, joined by pairs of copies, and whether it is mirrored to the group's first.

    Groups are numbered in the order of their first images.
    """
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    graph = coo_matrix((np.ones(len(pairs)), (a, b)), shape=(n, n)).tocsr()
    group = grouped(n, pairs)
    mirrored = dict(zip(zip(a, b, strict=True), pairs["mirrored"], strict=True))
    flipped = np.zeros(n, dtype=bool)
    # Each group's own part of the graph: a search in the whole of it takes as long as the graph is large.
    together = np.argsort(group, kind="stable")
    for members in np.split(together, np.flatnonzero(np.diff(group[together])) + 1):
        if len(members) == 1:
            continue
        order, before = breadth_first_order(graph[members][:, members], 0, directed=False)
        for node in order[1:]:
            one, other = members[[before[node], node]]
            flipped[other] = flipped[one] ^ mirrored[min(one, other), max(one, other)]
    return group, flipped


def _expanded(
    pairs: pd.DataFrame, group: np.ndarray, flipped: np.ndarray, textured: np.ndarray, sides: np.ndarray
) -> pd.DataFrame:
    """Return `pairs` of images for all members of their groups on the same side, columns as in `pairs`."""
    members = pd.DataFrame({"member": np.arange(len(group)), "group": group, "side": sides, "flip": flipped})[textured]
    table = pairs
    for end in "ab":
        table = table.assign(group=group[table[end]], side=sides[table[end]], was=flipped[table[end]])
        table = table.merge(members, on=["group", "side"])
        table = table.assign(mirrored=table["mirrored"] ^ table["was"] ^ table["flip"]).drop(columns=[end, "was"])
        table = table.rename(columns={"member": end}).drop(columns=["group", "side", "flip"])
    ends = np.sort(table[["a", "b"]].to_numpy(), axis=1)
    return table.assign(a=ends[:, 0], b=ends[:, 1])[pairs.columns]
