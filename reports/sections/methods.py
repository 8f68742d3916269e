"""Sections: study, data, protocols, folds, architectures, baselines, intervals."""

from collections.abc import Iterator

import pandas as pd

from analysis.names import named
from architectures import CORRECTED, describe
from benchmarks.protocols import EXTERNAL, OFFICIAL
from benchmarks.study.names import BASELINES
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table, figure
from reports.facts import recipe
from reports.results import Results, where
from reports.tables import PROTOCOL, Declared, bold_if, cell_anchor, column, make_table, text, whole
from reports.wording import MISSING, capitalised, count, listed, number, span
from reports.words import Words

WORDS = Words("methods")
CITED = {"mendeley_inbreast": "[@huang2020; @moreira2012]", "cbis_ddsm": "[@lee2017]"}

COUNTED = [
    *(whole("patients"), whole("source images", "sources")),
    *(whole("un-augmented files", "before_files"), whole("augmented files", "after_files")),
]


def run(results: Results) -> Iterator[Section]:
    """Section on the study."""
    study = results.study
    about = WORDS.text(
        "run",
        architectures=results.architectures,
        n_baselines=len(BASELINES),
        protocols=results.protocols,
        n_derived=len(study.derived()),
        n_cells=len(results.table("cells")),
        sizes=study.sizes(),
        seed=study.seed,
        changed=sorted(study.source.overrides),
    )
    yield Section("run", WORDS.text("run_title"), [Paragraph(study.description.strip()), Paragraph(about)])


def data(results: Results) -> Iterator[Section]:
    """Section on the data."""
    dataset, table, study = results.dataset, results.table("datasets"), results.study
    citation = CITED.get(dataset["name"], "")
    about = WORDS.text("data", dataset=dataset, citation=citation, crop=study.crop, sources_found=study.sources_found)
    told = [Bullets(dataset["notes"])] if dataset.get("notes") else []
    columns = [column("class", lambda row: bold_if(row["label"], ["all"]), "left"), *COUNTED]
    classes = make_table("data", WORDS.text("data_caption"), columns, results.table("data"))
    blocks: list[Block] = [Paragraph(about), *told, classes]
    if table["dataset"].nunique() > 1:
        columns = [text("data set", "dataset"), text("class", "label"), *COUNTED]
        blocks.append(make_table("datasets", WORDS.text("datasets_caption"), columns, table, grouped=True))
    blocks.append(figure("data", WORDS.text("data_figure"), WORDS.text("data_alt")))
    yield Section("data", WORDS.text("data_title"), blocks)


def architectures(results: Results) -> Iterator[Section]:
    """Section on architectures and baselines."""
    blocks: list[Block] = [
        _architectures(results),
        Paragraph(WORDS.text("baselines")),
        Bullets([f"{capitalised(named(name))} ({name}): {WORDS.text(f'baseline_{name}')}" for name in BASELINES]),
    ]
    yield Section("architectures", WORDS.text("architectures_title"), blocks)


def _architectures(results: Results) -> Table:
    cells = results.table("cells")
    rows = []
    for name in results.architectures:
        own = where(cells, architecture=name)
        for form in sorted(own["variant"].unique(), reverse=True):
            chosen = where(own, variant=form)
            row = {"architecture": name, "form": form, "parameters": span(chosen["parameters"], count)}
            row |= {
                "image side": chosen["image_size"].iloc[0],
                "precision": listed(sorted(chosen["precision"].unique())),
            }
            rows.append(row | {"reference": describe(name).reference if form == CORRECTED else "original study"})
    columns = [
        *(column("architecture", _with_key, "left"), text("form")),
        *(text("parameters", align="right"), text("image side", align="right")),
        *(text("precision"), text("reference", align="wrap")),
    ]
    caption = WORDS.text("architectures_caption")
    return make_table("architectures", caption, columns, rows, ["cells"], grouped=True)


def _with_key(row: dict) -> Cell:
    """Cell of an architecture's name with its key in files below."""
    name = named(row["architecture"])
    return Cell(name, row["architecture"] if row["architecture"] != name else "")


SUMMED = ["n_samples", "seen_source", "seen_patient"]
PARTS = ("validation", "test")


def folds(results: Results) -> Iterator[Section]:
    """Section on protocols."""
    study = results.study
    facts = {
        "epochs": study.published["epochs"],
        "new": [name for name in results.architectures if name not in study.published_architectures()],
        "sets": study.external["test"] if EXTERNAL in results.protocols else [],
    }
    blocks: list[Block] = [Bullets([WORDS.text("protocol", name=name, **facts) for name in results.protocols])]
    if results.searched:
        blocks.append(Paragraph(_corrected(results)))
    yield Section("folds", WORDS.text("folds_title"), [*blocks, _summary(results)])


def _corrected(results: Results) -> str:
    """Return how architectures were trained under all protocols but `published`."""
    study = results.study
    by_recipe = [name for name in results.architectures if study.recipe_of(name)]
    tuner = study.search["tuner"]
    return WORDS.text(
        "corrected",
        protocols=results.searched,
        folded=[protocol for protocol in results.honest if protocol not in (OFFICIAL, EXTERNAL)],
        n_folds=study.folds,
        tuned=[name for name in results.architectures if name not in by_recipe],
        tuner=tuner,
        trials=0 if tuner == "hyperband" else study.search["trials"],
        fixed=study.search["structure"] == "default",
        by_recipe=by_recipe,
        cycles=recipe(results, CORRECTED, by_recipe) if by_recipe else "",
    )


def per_fold(results: Results) -> Iterator[Section]:
    """Section on each fold: contents and accuracies."""
    yield Section("each-fold", WORDS.text("per_fold_title"), [_each_fold(results), _accuracies(results)])


def _summary(results: Results) -> Table:
    table = results.table("folds")
    rows = []
    for protocol in results.protocols:
        for part in PARTS:
            own = where(table, protocol=protocol, part=part)
            about = {"folds": own["fold"].nunique(), "patients": span(own["n_patients"], count)}
            rows.append({"protocol": protocol, "part": part, **about, **own[SUMMED].sum(skipna=False)})
    columns = [
        *(PROTOCOL, text("part"), whole("folds"), whole("images, all folds", "n_samples")),
        *(text("patients per fold", "patients", "right"), *SEEN),
    ]
    caption = WORDS.text("folds_caption")
    return make_table("folds", caption, columns, rows, grouped=True)


def _seen(title: str, key: str) -> Declared:
    def cell(row: dict) -> Cell:
        if pd.isna(row[key]):
            return Cell("unknown")
        return Cell(f"{row[key]:,.0f} of {row['n_samples']:,.0f}", strong=bool(row[key]))

    return column(title, cell)


SEEN = [_seen("source in training", "seen_source"), _seen("patient in training", "seen_patient")]


def _each_fold(results: Results) -> Table:
    table = results.table("folds")
    several = results.table("datasets")["dataset"].nunique() > 1
    columns = [
        *(text(title) for title in ("protocol", "repeat", "fold", "part")),
        *([text("data sets", "datasets", "wrap")] if several else []),
        *(whole(title, f"n_{key}") for title, key in (("images", "samples"), ("sources",) * 2, ("patients",) * 2)),
        *(*SEEN, whole("classes")),
    ]
    caption = WORDS.text("each_fold_caption")
    rows = table[table["part"].isin(PARTS)]
    return make_table("each-fold", caption, columns, rows, ["folds"], grouped=True, folded=True)


def _accuracies(results: Results) -> Table:
    def accuracy(name: str) -> Declared:
        def cell(row: dict) -> Cell:
            return Cell(number(row[name]), link=cell_anchor(name, row["protocol"], row["fold"]))

        return column(named(name), cell)

    columns = [
        PROTOCOL,
        *(text(title, align="right") for title in ("repeat", "fold")),
        *map(accuracy, results.compared),
    ]
    caption = WORDS.text("accuracies_caption", missing=MISSING)
    table = results.table("cells").pivot(
        index=["protocol", "repeat", "fold"], columns="architecture", values="accuracy"
    )
    rows = table.loc[results.protocols].reset_index()
    return make_table("fold-accuracies", caption, columns, rows, ["cells"], grouped=True, folded=True)


def statistics(results: Results) -> Iterator[Section]:
    """Section on scores and intervals."""
    study = results.study
    units = results.table("headline").drop_duplicates("protocol").set_index("protocol")["unit"].loc[results.protocols]
    resampled = [(unit, own.index.tolist()) for unit, own in units.groupby(units, sort=False)]
    text = WORDS.text("statistics", resamples=study.bootstrap, units=resampled, repeats=study.repeats)
    yield Section("statistics", WORDS.text("statistics_title"), [Paragraph(text)])
