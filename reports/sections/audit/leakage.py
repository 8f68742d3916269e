"""What the parts of each split share: patients, sources, pixels, copies."""

from collections.abc import Iterator

import pandas as pd

from analysis.audit.copies import THRESHOLD
from analysis.audit.partners import KINDS, NEAR_DUPLICATE
from benchmarks import reference
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import count, duration, number, plural

TITLES = {
    "shared_patient": "patient shared",
    "shared_source": "source shared",
    "pixel_identical": "same pixels",
    NEAR_DUPLICATE: "copy found in pixels",
}
SHOWN = 20  # mixed-up files


def leakage(results: Results) -> Iterator[Section]:
    """The section on leakage."""
    blocks: list[Block] = [
        Paragraph(
            "Between the parts of every fold: which files share a patient or a source image with the earlier part, by "
            "the data set's own records, and which have a copy there, found from pixels alone, with names hidden. "
            "Copies are looked for under every rotation, mirrored or not, and whatever their contrast, size or "
            "compression: images are freed of local contrast, sampled along rings, and correlated at all angles "
            "[@decastro1987]. Crops, shifts and zooms would be missed."
        ),
        _counts(results),
    ]
    if (results.table("leakage_pairs")["kind"] == NEAR_DUPLICATE).any():
        caption = (
            "Images that stand in two parts, the most similar of each kind. Left: the image seen in the earlier part. "
            "Middle: the same, mirrored and turned as the audit found. Right: the image in the test part, if any of "
            "it leaks. All pairs stand in leakage_pairs.csv with the transform that explains them."
        )
        alt = "Pairs of images that stand in two parts, with the transform that makes one from the other"
        blocks.append(Figures("figure-leakage", caption, [Picture("leakage", alt)], ["leakage_pairs"]))
    yield Section("leakage", "Leakage", [*blocks, *_mixed_up(results)])


def quality(results: Results) -> Iterator[Section]:
    """The section on how well copies are found."""
    yield Section("copies", "Calibration of the search for copies", [_quality()])


def _counts(results: Results) -> Table:
    table = results.table("leakage")
    # Folds add up: no file is tested twice in one repeat.
    sums = table.groupby(["protocol", "part_a", "part_b", "kind"], sort=False)
    counts = sums[["n_b", "n_flagged"]].agg(lambda column: column.sum(skipna=False)).unstack("kind")
    rows = []
    for (protocol, part_a, part_b), row in counts.iterrows():
        cells = [_flagged(row["n_flagged", kind], row["n_b", kind]) for kind in KINDS]
        rows.append([Cell(protocol), Cell(f"{part_b}, seen in {part_a}"), *cells])
    titles = [Column("protocol", "left"), Column("files of", "left"), *(Column(TITLES[kind]) for kind in KINDS)]
    caption = (
        "Files of one part with a partner in another, summed over the folds. Anything but 0 in the last three columns "
        "is a leak of the image itself; under by_source other images of a patient are shared by design."
    )
    return Table("table-leakage", caption, titles, rows, ["leakage"], grouped=True)


def _flagged(n: float, n_b: float) -> Cell:
    return Cell("unknown") if pd.isna(n) else Cell(f"{n:,.0f} of {n_b:,.0f}", strong=bool(n))


def _quality() -> Table:
    rows = [
        [
            *(Cell(row["test"]), Cell(f"{count(row['n_test'])} in {count(row['n_train'])}")),
            Cell(f"{count(row['found'])} of {count(row['n_copies'])}"),
            *(Cell(count(row["n_wrong"])), Cell(number(row["lowest_copy"])), Cell(number(row["highest_other"]))),
            Cell(duration(row["seconds"]), f"{count(row['peak_memory_mb'])} MiB"),
        ]
        for _, row in reference.read("copies").iterrows()
    ]
    titles = [Column("looked for", "left"), Column("images"), Column("found"), Column("wrong")]
    titles += [Column("least similar copy"), Column("most similar other"), Column("time, memory")]
    caption = (
        "How well copies are found among the real images of Mendeley Data x7bvzv6cvr, names hidden, at a similarity of "
        f"{THRESHOLD} or more: reference measurement, kept in benchmarks/reference/copies.csv with command, hardware "
        "and versions. A dash: below 0.4, or no copy to find. Shifts of 2 % of the side and zooms of 5 % are where it "
        "fails."
    )
    return Table("table-copies", caption, titles, rows, [])


def _mixed_up(results: Results) -> Iterator[Block]:
    table = results.table("conflicts")
    if table.empty:
        yield Paragraph("No file disagrees with its own copies on label, source or patient.")
        return
    rows = [
        [
            *(Cell(row["sample"]), Cell(row["column"]), Cell(str(row["value"])), Cell(row["partner"])),
            *(Cell(str(row["partner_value"])), Cell(f"{row['n_disagree']} of {row['n_agree'] + row['n_disagree']}")),
        ]
        for _, row in table.head(SHOWN).iterrows()
    ]
    titles = [Column("file", "wrap"), Column("its", "left"), Column("is", "left"), Column("but of its copy", "wrap")]
    titles += [Column("is", "left"), Column("copies that disagree")]
    more = f" The first {SHOWN} of {plural(len(table), 'file')}." if len(table) > SHOWN else ""
    caption = f"Files that disagree with most of their own copies: a label, source or patient is mixed up.{more}"
    yield Table("table-conflicts", caption, titles, rows, ["conflicts"])
