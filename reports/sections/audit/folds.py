"""How samples become folds, and what each fold holds and scores."""

from collections.abc import Iterator

import pandas as pd

from benchmarks.protocols import EXTERNAL, PUBLISHED
from reports.document import Block, Bullets, Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.sections.scores.cells import anchor
from reports.wording import MISSING, count, listed, number, plural

SUMMED = ["n_samples", "n_sources", "n_patients", "seen_source", "seen_patient"]
PARTS = ("validation", "test")


def folds(results: Results) -> Iterator[Section]:
    """The section on protocols."""
    study = results.study
    budget = (
        "hyperband" if study.search["tuner"] == "hyperband" else plural(study.search["trials"], "trial")
    ) + f" a cell, {study.search['tuner']} search"
    if study.search["structure"] == "default":
        budget += "; those that an architecture declares itself stay at their defaults"
    honest = (
        f"Folds: {study.folds}, stratified by class [@pedregosa2011]. Architectures train in corrected form; their "
        f"hyperparameters are searched inside the fold [@omalley2019] ({budget}), and validation and test parts hold "
        f"only upright originals."
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
    }
    if EXTERNAL in results.protocols:
        texts[EXTERNAL] = _external(study.external["test"])
    blocks: list[Block] = [Bullets([texts.get(protocol, protocol) for protocol in results.protocols])]
    if results.honest:
        blocks.append(Paragraph(honest))
    yield Section("folds", "Protocols and folds", [*blocks, _summary(results)])


def _external(names: list[str]) -> str:
    return (
        f"external: {listed(names)} {'is' if len(names) == 1 else 'are'} tested, each by networks that train and "
        "validate on all other data sets, less the patients who are in both; the validation part holds a fifth of the "
        "others' patients."
    )


def _unpublished(results: Results) -> str:
    new = [name for name in results.architectures if name not in results.study.published_architectures()]
    if not new:
        return ""
    return (
        f" There is no published form of {listed(new)}: the same recipe trains it there in corrected form, at default "
        "hyperparameters without augmentation or dropout."
    )


def per_fold(results: Results) -> Iterator[Section]:
    """The section on each fold: what it holds, and the accuracies in it."""
    yield Section("each-fold", "Each fold", [_each_fold(results), _accuracies(results)])


def _summary(results: Results) -> Table:
    table = results.table("folds")
    table = table[table["part"].isin(PARTS)]
    rows = []
    for protocol in results.protocols:
        for part in PARTS:
            own = table[(table["protocol"] == protocol) & (table["part"] == part)]
            total = own[SUMMED].sum(skipna=False)
            rows.append(
                [
                    *(Cell(protocol), Cell(part), Cell(count(own["fold"].nunique()))),
                    *(Cell(count(total["n_samples"])), Cell(_range(own["n_patients"]))),
                    *(_share(total, column) for column in ("seen_source", "seen_patient")),
                ]
            )
    titles = [Column("protocol", "left"), Column("part", "left"), Column("folds"), Column("images, all folds")]
    titles += [Column("patients a fold"), Column("source in training"), Column("patient in training")]
    caption = (
        "What was validated and tested, and how many of those images have their source image, or another image of "
        "their patient, in the training part of the same fold. Anything but 0 is a leak. Every fold stands in the "
        "appendix."
    )
    return Table("table-folds", caption, titles, rows, ["folds"], grouped=True)


def _range(values: pd.Series) -> str:
    low, high = count(values.min()), count(values.max())
    return low if low == high else f"{low} to {high}"


def _each_fold(results: Results) -> Table:
    table = results.table("folds")
    named = ["datasets"] if results.table("datasets")["dataset"].nunique() > 1 else []
    rows = [
        [
            *(Cell(str(row[column])) for column in ("protocol", "repeat", "fold", "part", *named)),
            *(Cell(count(row[column])) for column in ("n_samples", "n_sources", "n_patients")),
            *(_share(row, column) for column in ("seen_source", "seen_patient")),
            Cell(count(row["classes"])),
        ]
        for _, row in table[table["part"].isin(PARTS)].iterrows()
    ]
    titles = [Column(title, "left") for title in ("protocol", "repeat", "fold", "part")]
    titles += [Column("data sets", "wrap") for _ in named]
    titles += [Column(title) for title in ("images", "sources", "patients", "source in training")]
    titles += [Column("patient in training"), Column("classes")]
    caption = "What was validated and tested in each fold, and what of it training has seen."
    return Table("table-each-fold", caption, titles, rows, ["folds"], grouped=True, folded=True)


def _share(row: pd.Series, column: str) -> Cell:
    if pd.isna(row[column]):
        return Cell("unknown")
    return Cell(f"{row[column]:,.0f} of {row['n_samples']:,.0f}", strong=bool(row[column]))


def _accuracies(results: Results) -> Table:
    table = results.table("cells").set_index(["protocol", "repeat", "fold", "architecture"])["accuracy"]
    rows = []
    for protocol in results.protocols:
        own = table.loc[protocol].unstack("architecture")
        for (repeat, fold), row in own.iterrows():
            values = [Cell(number(row[name]), link=anchor(name, protocol, fold)) for name in results.compared]
            rows.append([Cell(protocol), Cell(str(repeat)), Cell(str(fold)), *values])
    titles = [Column("protocol", "left"), Column("repeat"), Column("fold")]
    titles += [Column(name) for name in results.compared]
    caption = (
        f"Accuracy in each fold. Folds are small: see the number of images above. {MISSING}: no accuracy. Intervals "
        "stand with the pooled scores, under Results."
    )
    return Table("table-fold-accuracies", caption, titles, rows, ["cells"], grouped=True, folded=True)
