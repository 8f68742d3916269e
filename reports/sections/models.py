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
from reports.tables import (
    ARCHITECTURE,
    PROTOCOL,
    RESAMPLED,
    column,
    estimate,
    make_table,
    measured,
    text,
    value,
    verdict,
    whole,
)
from reports.wording import MISSING, NOT_EVALUABLE, units
from reports.words import Words

WORDS = Words("models")


def training(results: Results) -> Iterator[Section]:
    """Sections on training and search."""
    yield Section("training", WORDS.text("training_title"), [_learning(results, p) for p in results.protocols])
    if names := results.searched:
        blocks: list[Block] = [*(_search(results, name) for name in names), _chosen(results)]
        yield Section("search", WORDS.text("search_title"), blocks, level=2)


def _learning(results: Results, protocol: str) -> Figures:
    last = [protocol == PUBLISHED or bool(results.study.recipe_of(name)) for name in results.architectures]
    caption = WORDS.text("learning_caption", protocol=protocol, lowest=not all(last), last=any(last))
    alt = WORDS.text("learning_alt", protocol=protocol)
    return figure(f"learning_{protocol}", caption, alt, "history", anchor=f"learning-{protocol}")


def _search(results: Results, protocol: str) -> Figures:
    caption, alt = (WORDS.text(f"search_{part}", protocol=protocol) for part in ("caption", "alt"))
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
        *(value("loss", "score", 3), value("loss of first trial", "first", 3)),
        column("learning rate", lambda row: f"{row['learning_rate']:.2g}"),
        column("batch", lambda row: f"{row['batch_size']:.0f}"),
    ]
    caption = WORDS.text("chosen_caption")
    return make_table("chosen", caption, columns, rows, ["trials"], grouped=True, folded=True)


def tuning(results: Results) -> Iterator[Section]:
    """Sections on the gain from the search and on importance."""
    table, title = results.table("tuning"), WORDS.text("tuning_title")
    if table.empty:
        yield Section("tuning", title, [Paragraph(WORDS.text("not_searched"))])
        return
    yield Section("tuning", title, [*map(Paragraph, _gains_sentences(table)), _gains(table)])
    importance = results.table("importance")
    if len(importance):
        yield Section("importance", WORDS.text("importance_title"), list(_importance(importance)))


def _gains_sentences(table: pd.DataFrame) -> Iterator[str]:
    known = table.dropna(subset=["test_gain"])
    verdicts = known["verdict"].value_counts()
    helped, hurt, neither = (int(verdicts.get(verdict, 0)) for verdict in (HELPED, HURT, NO_GAIN))
    yield WORDS.text("gains", n=len(table), known=len(known), helped=helped, hurt=hurt, neither=neither)
    for protocol, rows in known.groupby("protocol", sort=False):
        means = rows[["validation_gain", "test_gain", "optimism"]].mean()
        yield WORDS.text("gain", protocol=protocol, n=len(rows), **means)


def _gains(table: pd.DataFrame) -> Table:
    columns = [
        *(PROTOCOL, RESAMPLED, whole("trials", "n_trials"), value("loss gain, validation", "loss_gain")),
        value("accuracy gain, validation", "validation_gain"),
        measured("accuracy gain, test", "test_gain", missing=MISSING),
        *(measured("optimism", "optimism", "optimism", MISSING), verdict(HELPED, HURT)),
    ]
    caption = WORDS.text("gains_caption")
    return make_table("tuning", caption, columns, table, grouped=True)


def _importance(table: pd.DataFrame) -> Iterator[Block]:
    yield Paragraph(WORDS.text("importance"))
    known = table.dropna(subset=["importance"])
    if known.empty:
        first = table.drop_duplicates("architecture")
        groups = first.groupby(first["verdict"].str.removeprefix(f"{NOT_EVALUABLE}: "), sort=False)["architecture"]
        yield Paragraph(WORDS.text("not_important", reasons=[(reason, names.tolist()) for reason, names in groups]))
        return
    yield Paragraph(" ".join(_important(name, rows) for name, rows in known.groupby("architecture")))
    yield figure("importance", WORDS.text("importance_figure"), WORDS.text("importance_alt"))
    columns = [
        *(ARCHITECTURE, text("hyperparameter")),
        column("importance", lambda row: estimate(row["importance"], row["low"], row["high"], MISSING)),
        *(value("R2", "r2"), whole("distinct trials", "n_trials"), verdict(MATTERS, align="wrap")),
    ]
    yield make_table("importance", WORDS.text("importance_caption"), columns, table, grouped=True, folded=True)


def _important(architecture: str, rows: pd.DataFrame) -> str:
    matter = where(rows, verdict=MATTERS).sort_values("importance", ascending=False).to_dict("records")
    return WORDS.text("important", architecture=architecture, r2=rows["r2"].iloc[0], matter=matter)


def explanations(results: Results) -> Iterator[Section]:
    """Section on Grad-CAM."""
    caption, alt = WORDS.text("shares_figure"), WORDS.text("shares_alt")
    shares = figure("gradcam_shares", caption, alt, "gradcam_summary", "gradcam", anchor="shares")
    blocks: list[Block] = [Paragraph(WORDS.text("explanations")), shares, _shares(results)]
    yield Section("gradcam", WORDS.text("explanations_title"), blocks)


def galleries(results: Results) -> Iterator[Section]:
    """Section with the maps of all probes shown."""
    probes = results.table("probes")
    shown = probes[probes["shown"]]
    short = short_names(results.dataset["classes"])
    classes = [(short[label], label) for label in results.dataset["classes"] if short[label] != label]
    blocks = []
    for protocol in results.protocols:
        caption = WORDS.text("gallery_caption", protocol=protocol, classes=classes)
        alt, anchor = WORDS.text("gallery_alt", protocol=protocol), f"gradcam-{protocol}"
        pages = n_pages(int((shown["protocol"] == protocol).sum()))
        blocks.append(figure(f"gradcam_{protocol}", caption, alt, "gradcam", "probes", anchor=anchor, pages=pages))
    yield Section("galleries", WORDS.text("galleries_title"), [*blocks, _probes(results)])


def _probes(results: Results) -> Table:
    probes = results.table("probes")
    columns = [
        *(PROTOCOL, text("probe", align="right"), text("sample", align="wrap"), text("class", "label")),
        *(text("source"), text("patient")),
    ]
    caption = WORDS.text("probes_caption")
    return make_table("probes", caption, columns, probes[probes["shown"]], grouped=True, folded=True)


def _shares(results: Results) -> Table:
    columns = [
        *(PROTOCOL, text("region"), ARCHITECTURE),
        column("probes", lambda row: Cell(str(row["n_probes"]), units(row["n_units"], row["unit"]))),
        *(value("saliency", "heat"), value("area"), measured("difference", "difference")),
        text("note", align="wrap"),
    ]
    rows = results.table("gradcam_summary").to_dict("records")
    rows.sort(key=lambda row: (results.protocols.index(row["protocol"]), row["region"], row["architecture"]))
    caption, sources = WORDS.text("shares_caption"), ["gradcam_summary"]
    return make_table("shares", caption, columns, rows, sources, grouped=True, folded=True, printed=False)
