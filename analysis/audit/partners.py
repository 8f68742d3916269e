"""Which files of one part have a partner in another: the same patient, the same source, the same pixels, a copy."""

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.audit import copies

SHARED = {"shared_patient": "patient", "shared_source": "source", "pixel_identical": "md5"}  # kind -> column compared
NEAR_DUPLICATE = "near_duplicate"
KINDS = (*SHARED, NEAR_DUPLICATE)
CONTRAST = 5.0  # grey levels: above what interpolation and JPEG leave, below what contrast enhancement makes
STILL = 0.25  # degrees that don't count as turned


class Pictures:
    """Images by name, their descriptions and every pair of copies among them.

    `names` are unique; `read(name)` gives uint8 (H, W). With `n_first`, only pairs between the first so many images and
    the others are looked for. `pairs` has the columns sample_a, sample_b, similarity and mirrored, each pair in both
    orders.
    """

    def __init__(self, names: list[str], read: Callable[[str], np.ndarray], n_first: int | None = None):
        self.read = functools.lru_cache(maxsize=64)(read)
        self.spectra = copies.describe(map(read, names))
        self.place = {name: place for place, name in enumerate(names)}
        if n_first is None:
            found = copies.search(self.spectra)
        else:
            found = copies.search(self.spectra[:n_first], self.spectra[n_first:]).assign(b=lambda t: t["b"] + n_first)
        listed = np.array(names, dtype=object)
        one_way = pd.DataFrame({"sample_a": listed[found["a"]], "sample_b": listed[found["b"]]})
        one_way = one_way.join(found[["similarity", "mirrored"]])
        # Mirrored a is b turned exactly if mirrored b is a turned.
        other_way = one_way.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})
        self.pairs = pd.concat([one_way, other_way], ignore_index=True)

    def flat(self) -> list[str]:
        """Names of the images without texture, of which copies can't be found."""
        return [name for name, place in self.place.items() if not self.spectra[place].any()]

    def explained(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """`pairs` (sample_a, sample_b, mirrored) with rotation, grey_difference and transform, that make a into b.

        `transform` is in words. Pairs that are no copies (mirrored missing) stay unexplained.
        """
        facts = [
            self._explain(a, b, mirrored) if pd.notna(mirrored) else (np.nan, np.nan, "")
            for a, b, mirrored in zip(pairs["sample_a"], pairs["sample_b"], pairs["mirrored"], strict=True)
        ]
        columns = ["rotation", "grey_difference", "transform"]
        return pairs.reset_index(drop=True).join(pd.DataFrame(facts, columns=columns))

    def _explain(self, name_a: str, name_b: str, mirrored: bool) -> tuple[float, float, str]:
        a, b = self.read(name_a), self.read(name_b)
        if a.shape == b.shape and (a == b).all():
            return 0.0, 0.0, "identical pixels"
        degrees, _ = copies.rotation(*(self.spectra[self.place[name]] for name in (name_a, name_b)), mirrored)
        difference = copies.grey_difference(a, b, mirrored, degrees)
        steps = ["mirrored"] if mirrored else []
        if min(degrees, 360 - degrees) > STILL:
            steps.append(f"turned by {degrees:g} degrees")
        if a.shape != b.shape:
            steps.append(f"rescaled from {min(a.shape)} to {min(b.shape)} px")
        if difference > CONTRAST:
            steps.append("contrast changed")
        return degrees, round(difference, 2), ", ".join(steps) or "re-encoded"


def partners(a: pd.DataFrame, b: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Each file of part `b` with a partner in part `a`, once a kind of KINDS.

    `a` and `b` have the columns sample, patient, source and md5; `pairs` those of `Pictures.pairs`. Columns kind,
    sample_a, sample_b, similarity and mirrored (missing if the pixels show no copy). The partner is the most similar
    one; a patient, source or md5 that is missing is nobody's partner.
    """
    between = pairs[pairs["sample_a"].isin(a["sample"]) & pairs["sample_b"].isin(b["sample"])]
    found = {
        kind: a[["sample", column]].merge(b[["sample", column]].dropna(), on=column, suffixes=("_a", "_b"))
        for kind, column in SHARED.items()
    }
    found[NEAR_DUPLICATE] = between[["sample_a", "sample_b"]]
    rows = [table[["sample_a", "sample_b"]].assign(kind=kind) for kind, table in found.items()]
    known = pd.concat(rows, ignore_index=True).merge(between, on=["sample_a", "sample_b"], how="left")
    ordered = known.sort_values(["similarity", "sample_a"], ascending=[False, True])
    best = ordered.drop_duplicates(["kind", "sample_b"]).sort_values(["kind", "sample_b"])
    return best[["kind", "sample_a", "sample_b", "similarity", "mirrored"]].reset_index(drop=True)


def conflicts(samples: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Files that disagree with most of their own copies on label, source or patient: suspects of a mix-up.

    Columns sample, column, value, n_agree, n_disagree, partner (the most similar of those that disagree), its
    partner_value, similarity and mirrored; the clearest suspects first.
    """
    facts = samples.set_index("sample")
    frames = []
    for column in ("label", "source", "patient"):
        own, other = (pairs[side].map(facts[column]) for side in ("sample_b", "sample_a"))
        told = pairs.assign(value=own, partner_value=other, column=column)[own.notna() & other.notna()]
        differs = told["value"] != told["partner_value"]
        counts = told.assign(n_disagree=differs, n_agree=~differs).groupby("sample_b")[["n_agree", "n_disagree"]].sum()
        suspects = counts[counts["n_disagree"] > counts["n_agree"]]
        worst = told[differs].sort_values("similarity", ascending=False).drop_duplicates("sample_b")
        frames.append(worst.merge(suspects, left_on="sample_b", right_index=True))
    table = pd.concat(frames, ignore_index=True).rename(columns={"sample_b": "sample", "sample_a": "partner"})
    table = table.assign(lead=table["n_agree"] - table["n_disagree"]).sort_values(["lead", "sample"])
    columns = [
        "sample",
        "column",
        "value",
        "n_agree",
        "n_disagree",
        "partner",
        "partner_value",
        "similarity",
        "mirrored",
    ]
    return table[columns].reset_index(drop=True)
