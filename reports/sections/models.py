"""Sections: training, hyperparameter search and its gain, importance of hyperparameters, Grad-CAM maps."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.importance import MATTERS
from analysis.comparison.tuning_gain import HELPED, HURT, NO_GAIN
from analysis.drawing.style import short_names
from analysis.figures.gradcam import n_pages
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Cell, Figures, Paragraph, Section, Table, figure
from reports.results import Results, where
from reports.tables import ARCHITECTURE, PROTOCOL, column, estimate, make_table, measured, text, value, verdict, whole
from reports.wording import MISSING, WORDS, interval, listed, number, plural, units


def training(results: Results) -> Iterator[Section]:
    """Sections on training and search."""
    yield Section("training", "Training", [_learning(results, p) for p in results.protocols])
    if names := results.searched:
        yield Section("search", "Search", [*(_search(results, name) for name in names), _chosen(results)], level=2)


def _learning(results: Results, protocol: str) -> Figures:
    recipes = [results.study.recipe_of(name) for name in results.architectures]
    kept = "dots mark the epoch kept, the lowest validation loss"
    if protocol == PUBLISHED or all(recipes):
        kept = "the last epoch is kept"
    elif any(recipes):
        kept += ", of recipes the last"
    caption = f"{protocol}: loss (logarithmic) and accuracy of the chosen model over the epochs; {kept}."
    alt = f"Learning curves of every architecture under {protocol}"
    return figure(f"learning_{protocol}", caption, alt, "history", anchor=f"learning-{protocol}")


def _search(results: Results, protocol: str) -> Figures:
    caption = (
        f"{protocol}: validation loss of every trial, in the order tried, and the trial chosen in each fold. "
        "The test part takes no part in the choice."
    )
    alt = f"Validation loss of every trial under {protocol}"
    return figure(f"search_{protocol}", caption, alt, "trials", anchor=f"search-{protocol}")


def _chosen(results: Results) -> Table:
    trials = results.table("trials")
    trials = trials[trials["protocol"].isin(results.searched)]
    rows = []
    for _, cell in trials.groupby(["protocol", "architecture", "fold"]):
        ordered = cell.sort_values("trial")
        best = ordered[ordered["best"].astype(bool)].iloc[0]
        rows.append(dict(best) | {"trials": len(cell), "first": ordered["score"].iloc[0]})
    columns = [
        *(PROTOCOL, ARCHITECTURE, text("fold"), text("trials", align="right"), text("chosen", "trial", "right")),
        *(value("its loss", "score", 3), value("first trial's loss", "first", 3)),
        column("learning rate", lambda row: f"{row['learning_rate']:.2g}"),
        column("batch", lambda row: f"{row['batch_size']:.0f}"),
    ]
    caption = "The trial chosen in each cell by validation loss. All hyperparameters of all trials stand in trials.csv."
    return make_table("chosen", caption, columns, rows, ["trials"], grouped=True, folded=True)


def tuning(results: Results) -> Iterator[Section]:
    """Sections on the gain from the search and on importance."""
    table = results.table("tuning")
    if table.empty:
        none = "This study has no honest protocol, and the published recipe searches nothing: no search was run."
        yield Section("tuning", "What the search bought", [Paragraph(none)])
        return
    yield Section("tuning", "What the search bought", [*map(Paragraph, _gains_sentences(table)), _gains(table)])
    importance = results.table("importance")
    if len(importance):
        yield Section("importance", "Which hyperparameters mattered", list(_importance(importance)))


def _gains_sentences(table: pd.DataFrame) -> Iterator[str]:
    known = table.dropna(subset=["test_gain"])
    if known.empty:
        yield "What the search bought over the default configuration is not evaluable; the table says why."
        return
    verdicts = known["verdict"].value_counts()
    yield (
        f"The default configuration can be compared with the chosen one for {len(known)} of "
        f"{plural(len(table), 'pair')} of architecture and protocol. On the test images the search helped in "
        f"{verdicts.get(HELPED, 0)} and hurt in {verdicts.get(HURT, 0)}; no gain is shown in "
        f"{verdicts.get(NO_GAIN, 0)}."
    )
    for protocol, rows in known.groupby("protocol", sort=False):
        yield (
            f"Under {protocol}, on average over {plural(len(rows), 'architecture')}, the choice gained "
            f"{number(rows['validation_gain'].mean())} in accuracy on the validation parts, on which it was made, and "
            f"{number(rows['test_gain'].mean())} on the test parts. The difference, "
            f"{number(rows['optimism'].mean())}, is the optimism of the search."
        )


def _gains(table: pd.DataFrame) -> Table:
    name = column("architecture", lambda row: Cell(row["architecture"], units(row["n_units"], row["unit"])), "left")
    columns = [
        *(PROTOCOL, name, whole("trials", "n_trials"), value("loss gain, validation", "loss_gain")),
        value("accuracy gain, validation", "validation_gain"),
        measured("accuracy gain, test", "test_gain", missing=MISSING),
        *(measured("optimism", "optimism", "optimism", MISSING), verdict(HELPED, HURT)),
    ]
    caption = (
        "The chosen configuration against the default one, a cell's first trial: fall of the validation loss, gains "
        "in accuracy on the validation and test parts (paired 95 % bootstrap over patients for the test part). "
        "Optimism: validation gain minus test gain; its interval is that of the test gain alone."
    )
    return make_table("tuning", caption, columns, table, grouped=True)


def _importance(table: pd.DataFrame) -> Iterator[Block]:
    yield Paragraph(WORDS["importance"])
    known = table.dropna(subset=["importance"])
    if known.empty:
        first = table.drop_duplicates("architecture")
        reasons = [f"{row.architecture}: {row.verdict.removeprefix('not evaluable: ')}" for row in first.itertuples()]
        yield Paragraph(f"It is evaluable for no architecture: {listed(reasons)}.")
        return
    yield Paragraph(" ".join(_found(name, rows) for name, rows in known.groupby("architecture")))
    alt = "Importance of every hyperparameter with its interval"
    caption = (
        "Fall of the cross-validated R2 when one hyperparameter is shuffled; lines hold 95 % of the shuffles, each on "
        "a bootstrap of the configurations. Blue: it matters; grey: no effect shown."
    )
    yield figure("importance", caption, alt)
    columns = [
        *(ARCHITECTURE, text("hyperparameter")),
        column("importance", lambda row: estimate(row["importance"], row["low"], row["high"], MISSING)),
        *(value("R2", "r2"), whole("distinct trials", "n_trials"), verdict(MATTERS, align="wrap")),
    ]
    caption = "Permutation importance of each hyperparameter, and R2 of the fit on folds left out."
    yield make_table("importance", caption, columns, table, grouped=True, folded=True)


def _found(architecture: str, rows: pd.DataFrame) -> str:
    matter = where(rows, verdict=MATTERS).sort_values("importance", ascending=False)
    names = [
        f"{row.hyperparameter} ({number(row.importance)}, {interval(row.low, row.high)})" for row in matter.itertuples()
    ]
    who = listed(names) if names else "no hyperparameter"
    return f"For {architecture}, {who} {'matter' if len(names) > 1 else 'matters'} (R2 {number(rows['r2'].iloc[0])})."


def explanations(results: Results) -> Iterator[Section]:
    """Section on Grad-CAM."""
    about = WORDS["gradcam"]
    caption = (
        "Share of the heat inside the breast, and inside the lesion box, less the share of the image that each covers: "
        "mean over the probes with its 95 % interval, and pale behind it the middle 90 % of the probes. Heat spread "
        "evenly over the image lies at zero."
    )
    alt = "Heat in breast and lesion less their area, by architecture and protocol"
    shares = figure("gradcam_shares", caption, alt, "gradcam_summary", "gradcam", anchor="shares")
    yield Section("gradcam", "Where the models look", [Paragraph(about), shares, _shares(results)])


def galleries(results: Results) -> Iterator[Section]:
    """Section with the maps of all probes shown."""
    probes = results.table("probes")
    shown = probes[probes["shown"]]
    short = short_names(results.dataset["classes"])
    key = ", ".join(f"{short[label]} {label}" for label in results.dataset["classes"] if short[label] != label)
    blocks = []
    for protocol in results.protocols:
        caption = (
            f"{protocol}: probes (rows) and the heat map of each architecture (columns), with the class predicted and "
            f"its probability, and the layer explained.{f' Classes: {key}.' if key else ''}"
        )
        alt, anchor = f"Gallery of Grad-CAM heat maps under {protocol}", f"gradcam-{protocol}"
        pages = n_pages(int((shown["protocol"] == protocol).sum()))
        blocks.append(figure(f"gradcam_{protocol}", caption, alt, "gradcam", "probes", anchor=anchor, pages=pages))
    yield Section("galleries", "Grad-CAM of the probes", [*blocks, _probes(results)])


def _probes(results: Results) -> Table:
    probes = results.table("probes")
    columns = [
        *(PROTOCOL, text("probe", align="right"), text("sample", align="wrap"), text("class", "label")),
        *(text("source"), text("patient")),
    ]
    caption = "The probes shown in pictures. All probes stand in probes.csv."
    return make_table("probes", caption, columns, probes[probes["shown"]], grouped=True, folded=True)


def _shares(results: Results) -> Table:
    columns = [
        *(PROTOCOL, text("region"), ARCHITECTURE),
        column("probes", lambda row: Cell(str(row["n_probes"]), units(row["n_units"], row["unit"]))),
        *(value("heat in it", "heat"), value("its area", "area"), measured("difference", "difference")),
        text("note", align="wrap"),
    ]
    caption = (
        "Mean share of the heat in a region against the mean share of the image it covers; the difference with its "
        "95 % percentile bootstrap interval over the probes' patients (or sources). Above zero: more heat than by area."
    )
    rows = results.table("gradcam_summary").to_dict("records")
    rows.sort(key=lambda row: (results.protocols.index(row["protocol"]), row["region"], row["architecture"]))
    sources = ["gradcam_summary"]
    return make_table("shares", caption, columns, rows, sources, grouped=True, folded=True, printed=False)
