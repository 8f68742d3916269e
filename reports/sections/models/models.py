"""How the models trained, and where they look."""

from collections.abc import Iterator

import pandas as pd

from analysis.drawing.style import short_names
from analysis.figures.gradcam import n_pages
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import estimate, number, units


def training(results: Results) -> Iterator[Section]:
    """The sections on training."""
    yield Section("training", "Training", [_learning(results, p) for p in results.protocols])
    if results.honest:
        yield Section("search", "Search", [*(_search(results, p) for p in results.honest), _chosen(results)], level=2)


def _learning(results: Results, protocol: str) -> Figures:
    kept = "the last epoch is kept" if protocol == PUBLISHED else "dots mark the epoch kept, the lowest validation loss"
    caption = f"{protocol}: loss (logarithmic) and accuracy of the chosen model over the epochs; {kept}."
    picture = Picture(f"learning_{protocol}", f"Learning curves of every architecture under {protocol}")
    return Figures(f"figure-learning-{protocol}", caption, [picture], ["history"])


def _search(results: Results, protocol: str) -> Figures:
    caption = (
        f"{protocol}: validation loss of every trial, in the order tried, and the trial chosen in each fold. "
        "The test part takes no part in the choice."
    )
    picture = Picture(f"search_{protocol}", f"Validation loss of every trial under {protocol}")
    return Figures(f"figure-search-{protocol}", caption, [picture], ["trials"])


def _chosen(results: Results) -> Table:
    trials = results.table("trials")
    trials = trials[trials["protocol"].isin(results.honest)]
    rows = []
    for (protocol, architecture, fold), cell in trials.groupby(["protocol", "architecture", "fold"]):
        ordered = cell.sort_values("trial")
        best = ordered[ordered["best"].astype(bool)].iloc[0]
        rows.append(
            [
                *(Cell(protocol), Cell(architecture), Cell(str(fold)), Cell(str(len(cell))), Cell(best["trial"])),
                *(Cell(number(best["score"], 3)), Cell(number(ordered["score"].iloc[0], 3))),
                *(Cell(f"{best['learning_rate']:.2g}"), Cell(f"{best['batch_size']:.0f}")),
            ]
        )
    titles = [Column(title, "left") for title in ("protocol", "architecture", "fold")]
    titles += [Column(title) for title in ("trials", "chosen", "its loss", "first trial's loss", "learning rate")]
    titles += [Column("batch")]
    caption = "The trial chosen in each cell by validation loss. All hyperparameters of all trials stand in trials.csv."
    return Table("table-chosen", caption, titles, rows, ["trials"], grouped=True, folded=True)


def explanations(results: Results) -> Iterator[Section]:
    """The section on Grad-CAM."""
    blocks: list[Block] = [
        Paragraph(
            "Grad-CAM [@selvaraju2017] of the predicted class, at the last layer with a feature map, for the same "
            "probe images in every architecture. Probes are drawn from the test parts by the study's seed and "
            "explained by the cell of their own fold, so the model that explains an honest probe has not seen it; "
            "those shown are of fold 0. A map shows what raises a class score, not whether the answer rests on sound "
            "evidence: for that see the bias checks below. Pictures of every probe shown stand in the appendix."
        ),
        _shares_figure(),
        _shares(results),
    ]
    yield Section("gradcam", "Where the models look", blocks)


def galleries(results: Results) -> Iterator[Section]:
    """The section with the maps of all probes shown."""
    probes = results.table("probes")
    shown = probes[probes["shown"]]
    n_shown = {protocol: int((shown["protocol"] == protocol).sum()) for protocol in results.protocols}
    short = short_names(results.dataset["classes"])
    key = ", ".join(f"{short[label]} {label}" for label in results.dataset["classes"] if short[label] != label)
    blocks: list[Block] = []
    for protocol in results.protocols:
        caption = (
            f"{protocol}: probes (rows) and the heat map of each architecture (columns), with the class predicted and "
            f"its probability, and the layer explained.{f' Classes: {key}.' if key else ''}"
        )
        pages = n_pages(n_shown[protocol])
        picture = Picture(f"gradcam_{protocol}", f"Gallery of Grad-CAM heat maps under {protocol}", pages)
        blocks.append(Figures(f"figure-gradcam-{protocol}", caption, [picture], ["gradcam", "probes"]))
    yield Section("galleries", "Grad-CAM of the probes", [*blocks, _probes(results)])


def _probes(results: Results) -> Table:
    probes = results.table("probes")
    columns = ["protocol", "probe", "sample", "label", "source", "patient"]
    rows = [
        [Cell("" if pd.isna(value) else str(value)) for value in row]
        for row in probes.loc[probes["shown"], columns].itertuples(index=False)
    ]
    titles = [Column("protocol", "left"), Column("probe"), Column("sample", "wrap"), Column("class", "left")]
    titles += [Column("source", "left"), Column("patient", "left")]
    caption = "The probes shown in pictures. All probes stand in probes.csv."
    return Table("table-probes", caption, titles, rows, ["probes"], grouped=True, folded=True)


def _shares_figure() -> Figures:
    caption = (
        "Share of the heat inside the breast, and inside the lesion box, less the share of the image that each covers: "
        "mean over the probes with its 95 % interval, and pale behind it the middle 90 % of the probes. Heat spread "
        "evenly over the image lies at zero."
    )
    picture = Picture("gradcam_shares", "Heat in breast and lesion less their area, by architecture and protocol")
    return Figures("figure-shares", caption, [picture], ["gradcam_summary", "gradcam"])


def _shares(results: Results) -> Table:
    rows = []
    for _, row in results.table("gradcam_summary").iterrows():
        note = "" if pd.isna(row["note"]) else row["note"]
        rows.append(
            [
                *(Cell(row["protocol"]), Cell(row["region"]), Cell(row["architecture"])),
                Cell(str(row["n_probes"]), units(row["n_units"], row["unit"])),
                *(Cell(number(row["heat"])), Cell(number(row["area"]))),
                estimate(row["difference"], row["ci_low"], row["ci_high"]),
                Cell(note),
            ]
        )
    rows.sort(key=lambda cells: (results.protocols.index(cells[0].text), cells[1].text, cells[2].text))
    titles = [Column("protocol", "left"), Column("region", "left"), Column("architecture", "left"), Column("probes")]
    titles += [Column("heat in it"), Column("its area"), Column("difference"), Column("note", "wrap")]
    caption = (
        "Mean share of the heat in a region against the mean share of the image it covers; the difference with its "
        "95 % percentile bootstrap interval over the probes' patients (or sources). Above zero: more heat than by area."
    )
    return Table("table-shares", caption, titles, rows, ["gradcam_summary"], grouped=True, folded=True, printed=False)
