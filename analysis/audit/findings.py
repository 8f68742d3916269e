"""Findings of the audit of a collection: label conflicts, leaks between parts, groups of copies, and unread data.

A finding names its code (codes.yaml), its files and the facts behind it.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.audit.codes import CODES, COUNTED, OF_COLUMN, OF_KIND, Code
from analysis.audit.collection import Collection
from analysis.audit.partners import RELATION, Pictures, partners
from benchmarks.copies.groups import grouped, weakest_links
from benchmarks.copies.registration import SAME_SCAN
from benchmarks.errors import BadInput, listing

SHARED = {fact: OF_KIND[f"shared_{fact}"] for fact in ("patient", "source")}  # facts that two parts may share
UNKNOWN = {
    "label": "copies under different labels can't be found",
    "patient": "images of one patient in two parts can't be found",
    "part": "leaks between parts can't be found",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One finding.

    `files` are names of images; the first is the one to look at, and for pairs of copies the second is its partner.
    `facts` are plain values for JSON. `reason` says why an allow list accepts the finding, None if none does.
    """

    code: str
    files: tuple[str, ...]
    message: str
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    reason: str | None = None

    @property
    def about(self) -> Code:
        """The finding's code with title, level and remedy."""
        return CODES[self.code]

    @property
    def counts(self) -> bool:
        """Whether the finding counts for the exit status: no note, and not accepted."""
        return self.about.level in COUNTED and self.reason is None


@dataclasses.dataclass(frozen=True)
class Audit:
    """Result of the audit. `groups` lists the images with copies: columns group, weakest, link, those of the samples.

    `weakest` is the similarity of the group's weakest link, without which the group falls apart, `link` its two images.
    """

    collection: Collection
    pictures: Pictures
    findings: list[Finding]
    groups: pd.DataFrame

    @property
    def counted(self) -> list[Finding]:
        """The findings that count for the exit status."""
        return [finding for finding in self.findings if finding.counts]


def examine(collection: Collection) -> Audit:
    """Decode all images and return the findings, in the order of codes.yaml. Raises BadInput if none can be read."""
    samples = collection.samples
    unreadable: dict[str, str] = {}

    def read(name: str) -> np.ndarray:
        try:
            return collection.read(name)
        except BadInput as error:
            unreadable[name] = str(error)
            return np.zeros((1, 1), dtype=np.uint8)

    names = samples["sample"].tolist()
    pictures = Pictures(names, read, int((samples["part"] == "train").sum()) if len(collection.paths) > 1 else None)
    if len(unreadable) == len(names):
        raise BadInput(listing("no image can be read:", unreadable.values()))
    flat = pictures.flat()  # the unreadable ones included
    # Empty images have equal pixels without being copies of one film.
    without = set(flat)
    digests = {name: digest for name, digest in pictures.digests.items() if name not in without}
    flat = [name for name in flat if name not in unreadable]
    pairs = _with_facts(pictures.copies, samples)
    groups = _groups(pairs, samples)
    found = [
        *_conflicts(pairs, groups, pictures),
        *_leaks(collection, pictures, digests),
        *_shared(collection),
        *_copies(groups),
        *_scans(pictures, samples),
        *_data(collection, flat, unreadable),
        *_sources(collection),
    ]
    order = list(CODES)
    return Audit(collection, pictures, sorted(found, key=lambda finding: order.index(finding.code)), groups)


def _with_facts(copies: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of copies with the facts of both images."""
    facts = samples.set_index("sample")
    known = {f"{fact}_{side}": copies[f"sample_{side}"].map(facts[fact]) for fact in OF_COLUMN for side in "ab"}
    return copies.assign(**known)


def _groups(pairs: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Return `groups` of an Audit; groups are numbered from 1, the largest first."""
    place = pd.Series(range(len(samples)), index=samples["sample"])
    numbered = pairs.assign(a=pairs["sample_a"].map(place), b=pairs["sample_b"].map(place))
    component = grouped(len(samples), numbered)
    weakest = weakest_links(component, numbered).set_index("group")
    names = samples["sample"].to_numpy()
    ends = zip(names[weakest["a"]], names[weakest["b"]], strict=True)
    link = pd.Series([f"{a} - {b}" for a, b in ends], index=weakest.index, dtype=object)
    table = samples.assign(component=component)
    sizes = table["component"].value_counts()
    ranks = {component: rank + 1 for rank, component in enumerate(sizes[sizes > 1].index)}
    table = table[table["component"].isin(ranks)]
    table = table.assign(
        group=table["component"].map(ranks),
        weakest=table["component"].map(weakest["similarity"]),
        link=table["component"].map(link),
    )
    return table.sort_values(["group", "sample"]).drop(columns="component").reset_index(drop=True)


def _conflicts(pairs: pd.DataFrame, groups: pd.DataFrame, pictures: Pictures) -> Iterator[Finding]:
    """Yield a finding for each group whose copies differ in label, patient or source, the most similar pair first."""
    number = groups.set_index("sample")["group"]
    for column, code in OF_COLUMN.items():
        own, other = pairs[f"{column}_b"], pairs[f"{column}_a"]
        differs = pairs[own.notna() & other.notna() & (own != other)]
        shares = groups.groupby("group")[column].value_counts()
        differs = differs.assign(group=differs["sample_b"].map(number))
        # The file to look at first has the rarer value in its group.
        rarity = [shares[group, value] for group, value in zip(differs["group"], differs[f"{column}_b"], strict=True)]
        ordered = differs.assign(rarity=rarity).sort_values(
            ["rarity", "identical", "similarity", "sample_b"], ascending=[True, False, False, True]
        )
        worst = ordered.drop_duplicates("group").sort_values(["similarity", "sample_b"], ascending=[False, True])
        for pair in pictures.explained(worst).to_dict("records"):
            members = groups[groups["group"] == pair["group"]]
            yield _conflict(code, column, pair, members)


def _conflict(code: str, column: str, pair: dict[str, Any], members: pd.DataFrame) -> Finding:
    a, b = pair["sample_a"], pair["sample_b"]
    counts = {str(value): int(n) for value, n in members[column].value_counts().items()}
    message = (
        f"{b} ({column} {pair[f'{column}_b']}) is a copy of {a} ({column} {pair[f'{column}_a']}): "
        f"{pair['transform']}, similarity {pair['similarity']:.3f}"
    )
    if len(members) > 2:
        shares = ", ".join(f"{value} {n}" for value, n in counts.items())
        message += f"; {len(members)} copies in the group: {shares}"
    rest = [name for name in members["sample"] if name not in (a, b)]
    values = dict(zip(members["sample"], members[column], strict=True))
    facts = _relation(pair) | {"group": int(pair["group"]), "column": column, "values": values, "counts": counts}
    return Finding(code, (b, a, *rest), message, facts)


def _relation(pair: dict[str, Any]) -> dict[str, Any]:
    """Return what relates two images, from a row of pairs, as plain values without missing ones."""
    names = ("similarity", "mirrored", *RELATION)
    values = {name: pair[name].item() if isinstance(pair[name], np.generic) else pair[name] for name in names}
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
    return {name: value for name, value in rounded.items() if pd.notna(value)}


def _leaks(collection: Collection, pictures: Pictures, digests: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding for each image of a part with a copy, or a frame of its scan, in an earlier part."""
    samples = collection.samples.assign(patient=None, source=None)  # _shared reports these
    samples["md5"] = samples["sample"].map(digests).astype(object)
    facts = collection.samples.set_index("sample")
    strongest = list(OF_KIND)
    for part_a, part_b in itertools.combinations(collection.parts, 2):
        a, b = (samples[samples["part"] == part] for part in (part_a, part_b))
        found = partners(a, b, pictures.pairs)
        found = found.assign(rank=found["kind"].map(strongest.index)).sort_values(["rank", "sample_b"])
        for pair in pictures.explained(found.drop_duplicates("sample_b")).to_dict("records"):
            code, first, second = OF_KIND[pair["kind"]], pair["sample_a"], pair["sample_b"]
            words = {"LEAK001": "has the same pixels as", "LEAK002": "is a copy of", "LEAK005": "is of one scan with"}
            message = f"{second} ({part_b}) {words[code]} {first} ({part_a})"
            if code != "LEAK001":
                message += f": {pair['transform']}, similarity {pair['similarity']:.3f}"
            sides = {"part_a": part_a, "part_b": part_b}
            sides |= {"label_a": facts["label"][first], "label_b": facts["label"][second]}
            yield Finding(code, (second, first), message, _relation(pair) | sides)


def _shared(collection: Collection) -> Iterator[Finding]:
    """Yield a finding for each patient and each source with images in two parts or more."""
    for fact, code in SHARED.items():
        known = collection.samples.dropna(subset=[fact, "part"])
        for value, images in known.groupby(fact):
            counts = {part: int((images["part"] == part).sum()) for part in collection.parts}
            counts = {part: n for part, n in counts.items() if n}
            if len(counts) > 1:
                shares = ", ".join(f"{n} in {part}" for part, n in counts.items())
                message = f"{fact} {value} has images in {len(counts)} parts: {shares}"
                later = images["part"].map(collection.parts.index)
                files = tuple(
                    images.assign(later=later).sort_values(["later", "sample"], ascending=[False, True])["sample"]
                )
                yield Finding(code, files, message, {"column": fact, "value": value, "parts": counts})


def _copies(groups: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each group of copies that lies in one part or in none, and has no common source."""
    for number, members in groups.groupby("group"):
        parts = set(members["part"])
        declared = members["source"].notna().all() and members["source"].nunique() == 1
        if declared or len(parts) > 1:
            continue
        part = parts.pop()
        code = "COPY001" if part is None else "COPY002"
        where = "" if part is None else f" in {part}"
        files = tuple(members["sample"])
        message = f"{len(files)} images{where} are copies of each other: {_some(files)}"
        if len(files) > 2:
            message += f"; weakest link {members['link'].iloc[0]}, similarity {members['weakest'].iloc[0]:.3f}"
        yield Finding(
            code,
            files,
            message,
            {"group": int(number), "part": part, "weakest": round(float(members["weakest"].iloc[0]), 4)},
        )


def _scans(pictures: Pictures, samples: pd.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each group of images with frames of one scan, in one part or none, of no common patient."""
    frames = pictures.pairs.loc[pictures.pairs["kind"] == SAME_SCAN, "sample_a"]
    if frames.empty:
        return
    groups = _groups(pictures.pairs, samples)
    scans = groups[groups["group"].isin(groups.loc[groups["sample"].isin(frames), "group"])]
    for _, members in scans.groupby("group"):
        one_patient = members["patient"].notna().all() and members["patient"].nunique() == 1
        if not one_patient and members["part"].nunique(dropna=False) == 1:
            files = tuple(members["sample"])
            message = f"{len(files)} images show one scan, so they are of one patient: {_some(files)}"
            if len(known := sorted(members["patient"].dropna().unique())) > 1:
                message += f"; the data name {len(known)} patients: {_some(tuple(known))}"
            yield Finding("SCAN001", files, message, {"patients": known})


def _data(collection: Collection, flat: list[str], unreadable: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding for each image without texture or unreadable, each note of the reading, each unknown fact."""
    for name in flat:
        yield Finding("DATA001", (name,), f"{name} has no texture; its copies can't be found")
    for name, problem in unreadable.items():
        yield Finding("DATA002", (name,), problem)
    for note in collection.notes:
        yield Finding("DATA003", (), note)
    for fact, lost in UNKNOWN.items():
        missing = collection.samples[fact].isna()
        if missing.any():
            which = "" if missing.all() else f" for {missing.sum():,} of {len(missing):,} images"
            example = () if missing.all() else (collection.samples["sample"][missing.idxmax()],)
            yield Finding("DATA004", example, f"{fact} is unknown{which}: {lost}", {"column": fact})


def _sources(collection: Collection) -> Iterator[Finding]:
    """Yield a finding for each source whose files have several labels or patients."""
    for column in ("label", "patient"):
        for source, images in collection.samples.dropna(subset=["source", column]).groupby("source"):
            values = dict(zip(images["sample"], images[column], strict=True))
            if len(distinct := sorted(set(values.values()))) > 1:
                message = f"source {source} has files with {len(distinct)} values of {column}: {_some(tuple(distinct))}"
                yield Finding("DATA005", tuple(values), message, {"column": column, "source": source, "values": values})


def _some(files: tuple[str, ...], most: int = 4) -> str:
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(files[:most]) + more
