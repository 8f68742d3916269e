"""Partners of a file in another part of a split: files of the same patient or source, identical files, and copies."""

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.copies import pairs as search
from benchmarks.copies import rigid, warped
from benchmarks.copies.keypoints import describe
from benchmarks.copies.registration import COPY, SAME_SCAN

SHARED = {"shared_patient": "patient", "shared_source": "source", "pixel_identical": "md5"}  # kind -> column compared
NEAR_DUPLICATE = "near_duplicate"
KINDS = (*SHARED, NEAR_DUPLICATE, SAME_SCAN)
RELATION = ["rotation", "scale", "shift", "overlap", "grey_difference", "transform"]  # columns of `explained`
IDENTICAL = "identical pixels"  # a transform
CONTRAST = 5.0  # grey levels: interpolation and JPEG change an image less, contrast enhancement more
FILMS = 16  # whole images in memory: mammograms may have 10 MB and more
STILL = 0.25  # degrees: smaller rotations do not count as turned
# The same for warped copies, whose registration is less exact
STILL_WARPED = 1.0  # degrees
WHOLE, ZOOMED, SHIFTED, STRETCHED, TILTED = 0.98, 0.02, 0.01, 1.03, 0.02  # shares and ratios, as in warped.Relation


class Pictures:
    """Images by name, their descriptions, and all pairs of copies among them.

    `names` are unique; `read(name)` returns uint8 (H, W). With `n_first`, only pairs between the first `n_first` images
    and the others are searched. `pairs` has the columns sample_a, sample_b, similarity, mirrored, kind, found_by and
    identical (as in benchmarks/copies/pairs.py), and each pair in both orders. `digests` are those of the pixels, by
    name.
    """

    def __init__(self, names: list[str], read: Callable[[str], np.ndarray], n_first: int | None = None):
        self.read = functools.lru_cache(maxsize=FILMS)(read)
        self.film = functools.lru_cache(maxsize=64)(lambda name: describe(self.read(name)))
        self.place = {name: place for place, name in enumerate(names)}
        self.spectra, digests = search.described(lambda number: read(names[number]), len(names))
        self.digests = dict(zip(names, digests.tolist(), strict=True))
        found = search.related(self.spectra, digests, lambda number: read(names[number]), n_first)
        listed = np.array(names, dtype=object)
        one_way = pd.DataFrame({"sample_a": listed[found["a"]], "sample_b": listed[found["b"]]})
        one_way = one_way.join(found.drop(columns=["a", "b"]))
        # Mirroring is symmetric: mirrored a is a rotation of b exactly if mirrored b is a rotation of a.
        other_way = one_way.rename(columns={"sample_a": "sample_b", "sample_b": "sample_a"})
        self.pairs = pd.concat([one_way, other_way], ignore_index=True)

    @property
    def copies(self) -> pd.DataFrame:
        """The rows of `pairs` that are copies, without frames of one scan."""
        return self.pairs[self.pairs["kind"] == COPY]

    @functools.cached_property
    def _judged(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Which search found each pair, and its kind."""
        ends = zip(self.pairs["sample_a"], self.pairs["sample_b"], strict=True)
        return dict(zip(ends, zip(self.pairs["found_by"], self.pairs["kind"], strict=True), strict=True))

    def flat(self) -> list[str]:
        """Return the names of the images without texture, whose copies can't be found."""
        return [name for name, place in self.place.items() if not self.spectra[place].any()]

    def explained(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Add the columns of RELATION, from a to b, to `pairs` (sample_a, sample_b, mirrored).

        rotation is in degrees; scale, shift and overlap are shares as in `warped.Relation`; transform is text. All are
        empty for pairs that are no copies (mirrored is missing).
        """
        facts = [
            self._explain(a, b, mirrored) if pd.notna(mirrored) else (*[np.nan] * 5, "")
            for a, b, mirrored in zip(pairs["sample_a"], pairs["sample_b"], pairs["mirrored"], strict=True)
        ]
        return pairs.reset_index(drop=True).join(pd.DataFrame(facts, columns=RELATION))

    def conflicts(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return `conflicts` of `samples` with the transform of each partner."""
        suspects = conflicts(samples, self.copies)
        pairs = suspects.rename(columns={"sample": "sample_b", "partner": "sample_a"})
        return suspects.assign(transform=self.explained(pairs)["transform"]).drop(columns="mirrored")

    def _explain(self, name_a: str, name_b: str, mirrored: bool) -> tuple[float | str, ...]:
        if self.digests[name_a] == self.digests[name_b]:
            return 0.0, 1.0, 0.0, 1.0, 0.0, IDENTICAL
        found_by, kind = self._judged[name_a, name_b]
        if found_by == search.WARPED:
            *facts, text = self._explain_warped(name_a, name_b, mirrored)
            return (*facts, f"same scan, {text}" if kind == SAME_SCAN else text)
        a, b = self.read(name_a), self.read(name_b)
        spectra = self.spectra[self.place[name_a]], self.spectra[self.place[name_b]]
        degrees, _ = rigid.rotation(spectra[0], spectra[1], mirrored)
        difference = rigid.grey_difference(a, b, mirrored, degrees)
        steps = ["mirrored"] if mirrored else []
        if min(degrees, 360 - degrees) > STILL:
            steps.append(f"turned by {degrees:g} degrees")
        if a.shape != b.shape:
            steps.append(f"rescaled from {min(a.shape)} to {min(b.shape)} px")
        if difference > CONTRAST:
            steps.append("contrast changed")
        return degrees, 1.0, 0.0, 1.0, round(difference, 2), ", ".join(steps) or "re-encoded"

    def _explain_warped(self, name_a: str, name_b: str, mirrored: bool) -> tuple[float | str, ...]:
        found = warped.relation(self.film(name_a), self.film(name_b), mirrored)
        if found is None:  # only their copies were registered
            return (*[np.nan] * 5, "mirrored, warped" if mirrored else "warped")
        steps = [
            ("mirrored", mirrored),
            (f"turned by {found.rotation:.3g} degrees", min(found.rotation, 360 - found.rotation) > STILL_WARPED),
            (f"cropped to {found.overlap:.0%}".replace("%", " %"), found.overlap < WHOLE),
            (f"zoomed by {found.scale:.3g}", abs(found.scale - 1) > ZOOMED),
            (f"shifted by {found.shift:.0%}".replace("%", " %"), found.shift > SHIFTED),
            ("sheared", found.stretch > STRETCHED),
            ("in perspective", found.perspective > TILTED),
            ("contrast changed", found.grey_difference > CONTRAST),
        ]
        text = ", ".join(step for step, holds in steps if holds) or "re-encoded"
        facts = (found.rotation, found.scale, found.shift, found.overlap)
        return (*(round(fact, 4) for fact in facts), round(found.grey_difference, 2), text)


def partners(a: pd.DataFrame, b: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return each file of part `b` with its most similar partner in part `a`, identical ones first, for each of KINDS.

    `a` and `b` have the columns sample, patient, source and md5, where missing values match nothing; `pairs` is
    `Pictures.pairs`. Returns the columns kind, sample_a, sample_b, similarity and mirrored (missing if no copy).
    """
    between = pairs[pairs["sample_a"].isin(a["sample"]) & pairs["sample_b"].isin(b["sample"])]
    found = {
        kind: a[["sample", column]].merge(b[["sample", column]].dropna(), on=column, suffixes=("_a", "_b"))
        for kind, column in SHARED.items()
    }
    for kind, judged in ((NEAR_DUPLICATE, COPY), (SAME_SCAN, SAME_SCAN)):
        found[kind] = between.loc[between["kind"] == judged, ["sample_a", "sample_b"]]
    between = between.drop(columns="kind")
    rows = [table[["sample_a", "sample_b"]].assign(kind=kind) for kind, table in found.items()]
    known = pd.concat(rows, ignore_index=True).merge(between, on=["sample_a", "sample_b"], how="left")
    known["identical"] = known["identical"].fillna(False).astype(bool)
    ordered = known.sort_values(["identical", "similarity", "sample_a"], ascending=[False, False, True])
    best = ordered.drop_duplicates(["kind", "sample_b"]).sort_values(["kind", "sample_b"])
    return best[["kind", "sample_a", "sample_b", "similarity", "mirrored"]].reset_index(drop=True)


def conflicts(samples: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return files whose label, source or patient differs from most of their copies, the clearest conflicts first.

    Columns sample, column, value, n_agree, n_disagree, partner (the most similar copy with another value),
    partner_value, similarity and mirrored.
    """
    facts = samples.set_index("sample")
    frames = []
    for column in ("label", "source", "patient"):
        own, other = (pairs[side].map(facts[column]) for side in ("sample_b", "sample_a"))
        known = pairs.assign(value=own, partner_value=other, column=column)[own.notna() & other.notna()]
        differs = known["value"] != known["partner_value"]
        counts = known.assign(n_disagree=differs, n_agree=~differs).groupby("sample_b")[["n_agree", "n_disagree"]].sum()
        suspects = counts[counts["n_disagree"] > counts["n_agree"]]
        ordered = known[differs].sort_values(["identical", "similarity"], ascending=False)
        worst = ordered.drop_duplicates("sample_b")
        frames.append(worst.merge(suspects, left_on="sample_b", right_index=True))
    table = pd.concat(frames, ignore_index=True).rename(columns={"sample_b": "sample", "sample_a": "partner"})
    table = table.assign(lead=table["n_agree"] - table["n_disagree"]).sort_values(["lead", "sample"])
    columns = "sample column value n_agree n_disagree partner partner_value similarity mirrored"
    return table[columns.split()].reset_index(drop=True)
