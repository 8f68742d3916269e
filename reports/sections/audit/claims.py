"""The published study's claims: verdicts on the first page, and how they were reached."""

from collections.abc import Iterator

import pandas as pd

from analysis.claims.claims import CLAIM, CONTRADICTED, ONLY_WITH_LEAKAGE
from benchmarks import reference
from benchmarks.publications import claims as published_claims
from benchmarks.reference import NONE
from reports.document import Block, Bullets, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import MISSING, count, estimate, interval, listed, number, plural

BAD = (CONTRADICTED, ONLY_WITH_LEAKAGE)
RULES = [
    "A printed figure counts as replayed if it lies inside the 95 % interval (patient bootstrap) of the same protocol "
    "with the same networks; if these miss it, it is not reproduced.",
    "Reduced networks (smaller images, widths or fewer epochs) can show that a figure is reached, never that it is "
    "not: where they fall short, the figure is not evaluable.",
    "Where the study's own networks are reduced, a reference replay of the published size stands in, if there is one. "
    "Values under by_patient are always the study's own.",
    "A replayed figure above the interval under by_patient is reproduced only with leakage, if the audit finds copies "
    "of test images in training.",
    "A replayed figure no higher than always answering the most frequent class is reproduced, but shows no skill.",
    "A claim about the code is contradicted if the code does otherwise. A claim that rests on the heat map is "
    "contradicted if the map does not depend on the class nor on the classifier's weights.",
]


def first_page(results: Results) -> Table | None:
    """The claims in words; None if the study judges no claims."""
    table = results.table("claims")
    claimed = table[table["kind"] == CLAIM]
    if claimed.empty:
        return None
    caption = "What the published study says, and what is left of it. Rules and printed figures stand under Claims."
    rows = [
        [Cell(row["statement"], _numbers(row)), Cell(row["verdict"], strong=row["verdict"] in BAD)]
        for _, row in claimed.iterrows()
    ]
    return Table("table-verdicts", caption, [Column("claim", "wide"), Column("verdict", "phrase")], rows, ["claims"])


def _numbers(row: pd.Series) -> str:
    """The numbers that a claim rests on, in words; empty if it rests on none."""
    if pd.isna(row["published_value"]):
        return ""
    told = [f"{row['metric'].replace('_', ' ')}: published {number(row['published_value'])}"]
    for name in ("replayed", "by_patient"):
        value, low, high = (row[f"{name}_{part}"] for part in ("value", "low", "high"))
        if pd.notna(value):
            told.append(f"{name} {number(value)} ({interval(low, high)})")
    return ", ".join(told)


def claims(results: Results) -> Iterator[Section]:
    """The sections on claims: none if the study judges none."""
    table = results.table("claims")
    if table.empty:
        return
    blocks: list[Block] = [
        Paragraph("Verdicts follow from tables by these rules, and from nothing else:"),
        Bullets(RULES),
        _every_claim(table),
    ]
    yield Section("claims", "Claims", blocks)
    yield Section("as-published", "The study as published", _as_published(results), level=2)
    yield Section("replay", "Replay of the published recipe", list(_replay(results)), level=2)
    if len(results.table("heatmaps")):
        yield Section("heat-maps", "The published heat map", list(_heat_maps(results)), level=2)


def _every_claim(table: pd.DataFrame) -> Table:
    rows = []
    for _, row in table.iterrows():
        # A claim in words may rest on a number that is not in it.
        about = [row["metric"].replace("_", " ")] if row["kind"] == CLAIM and pd.notna(row["published_value"]) else []
        cells = [Cell(row["statement"], ", ".join([row["stated"], *about])), _published(row["published_value"])]
        for name in ("replayed", "by_patient"):
            values = [row[f"{name}_{part}"] for part in ("value", "low", "high")]
            cells.append(Cell(MISSING) if pd.isna(values[0]) else estimate(*values))
        told = [row["replayed_on"], f"evidence: {row['evidence']}"]
        why = "; ".join([row["reason"], *(part for part in told if pd.notna(part))])
        rows.append([*cells, Cell(row["verdict"], why, strong=row["verdict"] in BAD)])
    titles = [Column("claim", "wrap"), Column("published"), Column("replayed"), Column("by_patient")]
    titles += [Column("verdict and why", "broad")]
    caption = "Every claim and printed figure, with the reason for its verdict."
    return Table("table-claims", caption, titles, rows, ["claims"], folded=True)


def _published(value: float) -> Cell:
    return Cell(MISSING if pd.isna(value) else number(value))


def _as_published(results: Results) -> list[Block]:
    published = published_claims.load(results.study.claims)
    rows = [
        [
            *(Cell(name), Cell(count(own["parameters"])), Cell(str(own["image_size"])), Cell(str(own["batch_size"]))),
            Cell(number(own.get("validation_accuracy"), 4)),
            *(Cell(number(own["test_accuracy"])), Cell(number(own.get("macro_f1")))),
        ]
        for name, own in sorted(published["figures"].items())
    ]
    titles = [Column("architecture", "left"), Column("parameters"), Column("image side"), Column("batch")]
    titles += [Column("validation accuracy"), Column("test accuracy"), Column("macro F1")]
    caption = (
        f"As published: figures quoted from the study, not measured here; {published['n_validation']:,} validation and "
        f"{published['n_test']:,} test files, {published['epochs']} epochs. It gave no intervals."
    )
    text = (
        f"The study under re-evaluation is {published['title']} [@{published['citation']}], {published['repository']}."
    )
    return [Paragraph(text), Table("table-as-published", caption, titles, rows, [])]


def _replay(results: Results) -> Iterator[Block]:
    runs = reference.read("replay")
    yield Paragraph(
        "Reference runs of the published recipe, kept with the code: same files in the same parts, same batch sizes, "
        "several seeds, as published or with one thing changed. They tell whether a network collapses, that is answers "
        "one class for all test images, always or by chance, and what it takes to stop it. Command, hardware and "
        "versions of every run stand in benchmarks/reference/replay.csv."
    )
    rows = []
    # As published first, then what was changed.
    runs = runs.assign(changed=runs["change"] != NONE)
    keys = ["architecture", "image_size", "epochs", "changed", "change"]
    for (architecture, size, epochs, _, change), own in runs.groupby(keys):
        collapsed = int((own["predicted_classes"] == 1).sum())
        rows.append(
            [
                *(Cell(architecture), Cell("as published" if change == NONE else change)),
                Cell(f"{size} px", f"{epochs} epochs"),
                *(Cell(count(own["parameters"].iloc[0])), Cell(str(len(own)))),
                *(_range(own["validation_accuracy"]), _range(own["test_accuracy"])),
                Cell(f"{collapsed} of {len(own)}", strong=collapsed > 0),
            ]
        )
    titles = [Column("architecture", "left"), Column("change", "left"), Column("images"), Column("parameters")]
    titles += [Column("seeds"), Column("validation accuracy"), Column("test accuracy"), Column("collapsed")]
    caption = (
        "Reference replays: lowest to highest value over the seeds, and how many collapsed. Networks of fewer "
        "parameters than published are reduced."
    )
    yield Table("table-replay", caption, titles, rows, [], grouped=True)
    figures = published_claims.load(results.study.claims)["figures"]
    causes = [*_causes(runs, figures), *_unexplained(runs, figures)]
    if causes:
        yield Bullets(causes)


def _causes(runs: pd.DataFrame, figures: dict) -> Iterator[str]:
    """For each network that collapses as it is, what that depends on; whole and reduced ones apart."""
    for (architecture, parameters), own in runs.groupby(["architecture", "parameters"]):
        as_it_is = own["change"] == NONE
        if not (own.loc[as_it_is, "predicted_classes"] == 1).any():
            continue
        # A changed network may have a few parameters more or less than the one it was made from.
        family = runs[(runs["architecture"] == architecture) & (runs["image_size"] == own["image_size"].iloc[0])]
        counts = (family["predicted_classes"] == 1).groupby(family["change"]).agg(["sum", "size"])
        collapsed, n = counts.loc[NONE]
        whole = parameters == figures.get(architecture, {}).get("parameters")
        size = "the network as published" if whole else "the reduced network"
        changes = [
            f"with {change} in {row['sum']} of {row['size']}" for change, row in counts.drop(index=NONE).iterrows()
        ]
        yield (
            f"{architecture} collapses {'always' if collapsed == n else 'by chance'}: {size} "
            f"({_lengths(own[as_it_is])}) in {collapsed} of {plural(n, 'run')}"
            f"{', ' + listed(changes) if changes else ''}."
        )


def _lengths(runs: pd.DataFrame) -> str:
    return listed([f"{n} epochs" for n in sorted(runs["epochs"].unique())])


def _unexplained(runs: pd.DataFrame, figures: dict) -> Iterator[str]:
    """Networks that share the lowest published accuracy but collapse in no run here."""
    lowest = min(own["test_accuracy"] for own in figures.values())
    for architecture, own in sorted(figures.items()):
        mine = runs[(runs["architecture"] == architecture) & (runs["change"] == NONE)]
        if own["test_accuracy"] > lowest or mine.empty or (mine["predicted_classes"] == 1).any():
            continue
        size = "" if (mine["parameters"] == own["parameters"]).any() else " of the reduced network"
        told = "unlike the published one" if not size else "whether the published one does is not evaluable here"
        yield f"{architecture} collapses in none of {plural(len(mine), 'run')}{size}; {told}."


def _range(values: pd.Series) -> Cell:
    low, high = number(values.min()), number(values.max())
    return Cell(low if low == high else f"{low} to {high}")


def _heat_maps(results: Results) -> Iterator[Block]:
    yield Paragraph(
        "The published heat map takes the gradient of the feature map itself in place of the class score's. What is "
        "left is the mean over the channels: the same for every class, whatever the classifier. Below, both methods on "
        "the networks trained here, for the classes a network finds most and second most probable, and again with the "
        "weights of its classifier shuffled, as a sanity check [@adebayo2018]."
    )
    alt = "Published heat map and Grad-CAM for two classes, and with shuffled classifier weights"
    caption = "One probe of each network trained as published: published heat map (left) and Grad-CAM (right)."
    yield Figures("figure-heatmaps", caption, [Picture("heatmaps", alt)], ["heatmaps"])
    rows = [
        [
            *(Cell(row["method"]), Cell(row["architecture"])),
            Cell("between classes" if row["comparison"] == "classes" else "after shuffling the classifier"),
            estimate(row["difference"], row["ci_low"], row["ci_high"]),
            *(Cell(number(row["correlation"], 3)), Cell(f"{row['unchanged']} of {row['n_probes']}")),
        ]
        for _, row in results.table("heatmaps")
        .sort_values(["method", "architecture"], ascending=[False, True])
        .iterrows()
    ]
    titles = [Column("method", "left"), Column("architecture", "left"), Column("comparison", "left")]
    titles += [Column("largest difference"), Column("correlation"), Column("same map")]
    caption = (
        "How much a heat map changes: largest difference of maps scaled to a peak of 1, mean over probes with its 95 % "
        "interval; mean correlation (a dash: the maps don't vary); probes whose maps are all the same."
    )
    yield Table("table-heatmaps", caption, titles, rows, ["heatmaps"], grouped=True, folded=True)
