"""Sections: study, data, protocols, folds, architectures, baselines, intervals."""

from collections.abc import Iterator

import pandas as pd

from architectures import CORRECTED, describe
from benchmarks.protocols import AS_SHIPPED, EXTERNAL, OFFICIAL, PUBLISHED
from benchmarks.study.names import BASELINES
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table, figure
from reports.facts import recipe
from reports.results import Results, where
from reports.tables import PROTOCOL, Declared, bold_if, cell_anchor, column, make_table, text, whole
from reports.wording import MISSING, WORDS, count, listed, number, plural, span

CITED = {"mendeley_inbreast": " [@huang2020; @moreira2012]", "cbis_ddsm": " [@lee2017]"}


COUNTED = [
    *(whole("patients"), whole("source images", "sources")),
    *(whole("un-augmented files", "before_files"), whole("augmented files", "after_files")),
]


def run(results: Results) -> Iterator[Section]:
    """Section on the study."""
    study = results.study
    derived = f" and {plural(len(study.derived()), 'derived one')}" if study.derived() else ""
    about = (
        f"{plural(len(results.architectures), 'architecture')} ({listed(results.architectures)}) and "
        f"{plural(len(BASELINES), 'baseline')} under {plural(len(results.protocols), 'protocol')} "
        f"({listed(results.protocols)}){derived} make {plural(len(results.table('cells')), 'cell')}: one "
        "architecture or baseline, one protocol, one fold, trained and tested once. "
        f"Images are {listed(f'{size} x {size}' for size in study.sizes())} pixels; the seed is {study.seed}."
    )
    if changed := study.source.overrides:
        about += f" Not as its file says, but changed for this run: {listed(sorted(changed))}."
    yield Section("run", "What was run", [Paragraph(study.description.strip()), Paragraph(about)])


def data(results: Results) -> Iterator[Section]:
    """Section on the data."""
    dataset, table = results.dataset, results.table("datasets")
    licence = f" Licence: {dataset['licence']}." if dataset["licence"] else ""
    doi = f" doi:{dataset['doi']}." if dataset["doi"] else ""
    about = f"{dataset['title']}{CITED.get(dataset['name'], '')}. {dataset['citation']}{doi}{licence}"
    if shown := WORDS["crops"].get(results.study.crop):
        about += f" {shown}"
    if results.study.sources_found:
        about += f" {WORDS['found_sources']}"
    if layout := dataset.get("layout"):
        about += f" Files: {layout}."
    told = [Bullets(dataset["notes"])] if dataset.get("notes") else []
    caption = "Images of each class. A patient may have images of several classes, so patients need not add up."
    columns = [column("class", lambda row: bold_if(row["label"], ["all"]), "left"), *COUNTED]
    blocks: list[Block] = [Paragraph(about), *told, make_table("data", caption, columns, results.table("data"))]
    if table["dataset"].nunique() > 1:
        columns = [text("data set", "dataset"), text("class", "label"), *COUNTED]
        blocks.append(make_table("datasets", "Images of each class in each data set.", columns, table, grouped=True))
    caption = "Independent units and files of each class, on logarithmic scales."
    blocks.append(figure("data", caption, "Dot plot of patients, source images and files per class"))
    yield Section("data", "Data", blocks)


def architectures(results: Results) -> Iterator[Section]:
    """Section on architectures and baselines."""
    blocks: list[Block] = [
        _architectures(results),
        Paragraph("What a network has to beat, fitted in cells of the same folds, without a search:"),
        Bullets([f"{name}: {WORDS['baselines'][name]}" for name in BASELINES]),
    ]
    yield Section("architectures", "Architectures and baselines", blocks)


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
            rows.append(row | {"follows": describe(name).reference if form == CORRECTED else "as the study built it"})
    columns = [
        *(text("architecture"), text("form"), text("parameters", align="right"), text("image side", align="right")),
        *(text("precision"), text("follows", align="wrap")),
    ]
    caption = "The architectures. Where the search may choose widths or depths, parameters range over the cells."
    return make_table("architectures", caption, columns, rows, ["cells"], grouped=True)


SUMMED = ["n_samples", "seen_source", "seen_patient"]
PARTS = ("validation", "test")


def folds(results: Results) -> Iterator[Section]:
    """Section on protocols."""
    study = results.study
    budget = (
        "hyperband" if study.search["tuner"] == "hyperband" else plural(study.search["trials"], "trial")
    ) + f" a cell, {study.search['tuner']} search"
    if study.search["structure"] == "default":
        budget += "; those that an architecture declares itself stay at their defaults"
    by_recipe = [name for name in results.architectures if study.recipe_of(name)]
    how = f"; their hyperparameters are searched inside the fold [@omalley2019] ({budget})"
    if by_recipe:
        cycles = f"in {recipe(results, CORRECTED, by_recipe)} [@loshchilov2019]"
        how = (
            f"{how}, those of {listed(by_recipe)} {cycles}"
            if len(by_recipe) < len(results.architectures)
            else f", {cycles}"
        )
    folded = f"Folds: {study.folds}, stratified by class [@pedregosa2011]. " if results.honest else ""
    corrected = (
        f"{folded}Architectures train in corrected form{how}, and validation and test parts hold only upright "
        "originals."
    )
    texts = {
        PUBLISHED: (
            "published: the published study's own split. Four fifths of the augmented files train, the rest validate, "
            "and a fifth of the un-augmented files test, drawn file by file, so that copies of a source image stand on "
            f"both sides. Architectures train in published form with the published recipe, {study.published['epochs']} "
            f"epochs without a search.{_unpublished(results)}"
        ),
        "by_source": (
            "by_source: all files of a source image stand in one part; other images of the same patient may "
            "stand in another."
        ),
        "by_patient": "by_patient: all files of all images of a patient stand in one part.",
        OFFICIAL: (
            "official: the split that the data set ships. Its test part is tested; its validation part validates, or a "
            "fifth of the patients of its training part. No patient is in two parts. There is one fold a repeat."
        ),
        AS_SHIPPED: (
            "as_shipped: the split as the data set ships it, whether or not its parts share patients or copies. Its "
            "test part is tested; its validation part validates, or a fifth of the training part. There is one fold a "
            "repeat. This is not an honest protocol."
        ),
    }
    if EXTERNAL in results.protocols:
        names = study.external["test"]
        texts[EXTERNAL] = (
            f"external: {listed(names)} {'is' if len(names) == 1 else 'are'} tested, each by networks that train and "
            "validate on all other data sets, less the patients who are in both; the validation part holds a fifth of "
            "the others' patients."
        )
    blocks: list[Block] = [Bullets([texts.get(protocol, protocol) for protocol in results.protocols])]
    if results.searched:
        blocks.append(Paragraph(corrected))
    yield Section("folds", "Protocols and folds", [*blocks, _summary(results)])


def _unpublished(results: Results) -> str:
    new = [name for name in results.architectures if name not in results.study.published_architectures()]
    if not new:
        return ""
    return (
        f" There is no published form of {listed(new)}: the same recipe trains it there in corrected form, at default "
        "hyperparameters without augmentation or dropout."
    )


def per_fold(results: Results) -> Iterator[Section]:
    """Section on each fold: contents and accuracies."""
    yield Section("each-fold", "Each fold", [_each_fold(results), _accuracies(results)])


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
        *(text("patients a fold", "patients", "right"), *SEEN),
    ]
    caption = (
        "What was validated and tested, and how many of those images have their source image, or another image of "
        "their patient, in the training part of the same fold. Anything but 0 is a leak. Every fold stands in the "
        "appendix."
    )
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
    caption = "What was validated and tested in each fold, and what of it training has seen."
    rows = table[table["part"].isin(PARTS)]
    return make_table("each-fold", caption, columns, rows, ["folds"], grouped=True, folded=True)


def _accuracies(results: Results) -> Table:
    def accuracy(name: str) -> Declared:
        def cell(row: dict) -> Cell:
            return Cell(number(row[name]), link=cell_anchor(name, row["protocol"], row["fold"]))

        return column(name, cell)

    columns = [
        PROTOCOL,
        *(text(title, align="right") for title in ("repeat", "fold")),
        *map(accuracy, results.compared),
    ]
    caption = (
        f"Accuracy in each fold. Folds are small: see the number of images above. {MISSING}: no accuracy. Intervals "
        "stand with the pooled scores, under Results."
    )
    table = results.table("cells").pivot(
        index=["protocol", "repeat", "fold"], columns="architecture", values="accuracy"
    )
    rows = table.loc[results.protocols].reset_index()
    return make_table("fold-accuracies", caption, columns, rows, ["cells"], grouped=True, folded=True)


def statistics(results: Results) -> Iterator[Section]:
    """Section on scores and intervals."""
    study = results.study
    units = results.table("headline").drop_duplicates("protocol").set_index("protocol")["unit"]
    over = ", ".join(f"{units[protocol]} under {protocol}" for protocol in results.protocols)
    repeats = (
        "The study has one repeat, so nothing is said of the spread between seeds."
        if study.repeats == 1
        else f"Folds are drawn {study.repeats} times with other seeds; scores pool the repeats."
    )
    text = (
        "Every score is computed from the cells' predictions on their test parts, pooled over the folds, for a "
        "class may be too rare to be in every one. Intervals hold 95 % of a percentile bootstrap with "
        f"{count(study.bootstrap)} resamples of independent units [@efron1993] ({over}), all images of a unit "
        "together; differences are resampled in pairs, on the same units. What can't be computed is called not "
        f"evaluable, with the reason. {repeats}"
    )
    yield Section("statistics", "Scores and intervals", [Paragraph(text)])
