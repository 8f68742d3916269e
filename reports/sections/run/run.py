"""What was run: study, data, architectures."""

from collections.abc import Iterator

from architectures import describe
from benchmarks.study.study import BASELINES, Study
from reports.document import Block, Bullets, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import count, listed, plural

CITED = {"mendeley_inbreast": " [@huang2020; @moreira2012]"}


def run(results: Results) -> Iterator[Section]:
    """The section on what was run."""
    yield Section("run", "What was run", _study(results))


def data(results: Results) -> Iterator[Section]:
    """The section on the data."""
    yield Section("data", "Data", _data(results))


def architectures(results: Results) -> Iterator[Section]:
    """The section on architectures and baselines."""
    yield Section("architectures", "Architectures and baselines", [_architectures(results), *_baselines()])


def _study(results: Results) -> list[Block]:
    study = results.study
    n_cells = len(results.table("cells"))
    return [
        Paragraph(study.description.strip()),
        Paragraph(
            f"{plural(len(results.architectures), 'architecture')} ({listed(results.architectures)}) and "
            f"{plural(len(BASELINES), 'baseline')} under {plural(len(results.protocols), 'protocol')} "
            f"({listed(results.protocols)}){_and_derived(study)} make {plural(n_cells, 'cell')}: one architecture or "
            "baseline, one protocol, one fold, trained and tested once. "
            f"Images are {listed([f'{size} x {size}' for size in study.sizes()])} pixels; the seed is {study.seed}."
            f"{_changed(study)}"
        ),
    ]


def _changed(study: Study) -> str:
    changed = study.source.overrides
    return f" Not as its file says, but changed for this run: {listed(sorted(changed))}." if changed else ""


def _and_derived(study: Study) -> str:
    return f" and {plural(len(study.derived()), 'derived one')}" if study.derived() else ""


def _data(results: Results) -> list[Block]:
    dataset, table = results.dataset, results.table("data")
    licence = f" Licence: {dataset['licence']}." if dataset["licence"] else ""
    doi = f" doi:{dataset['doi']}." if dataset["doi"] else ""
    text = f"{dataset['title']}{CITED.get(dataset['name'], '')}. {dataset['citation']}{doi}{licence}"
    columns = {"patients": "patients", "sources": "source images", "before_files": "un-augmented files"}
    columns |= {"after_files": "augmented files"}
    rows = [
        [Cell(row["label"], strong=row["label"] == "all"), *(Cell(count(row[column])) for column in columns)]
        for _, row in table.iterrows()
    ]
    caption = "Images of each class. A patient may have images of several classes, so patients need not add up."
    titles = [Column("class", "left"), *(Column(title) for title in columns.values())]
    return [
        Paragraph(text),
        Table("table-data", caption, titles, rows, ["data"]),
        *_each_data_set(results, columns),
        Figures(
            "figure-data",
            "Independent units and files of each class, on logarithmic scales.",
            [Picture("data", "Dot plot of patients, source images and files per class")],
            ["data"],
        ),
    ]


def _each_data_set(results: Results, columns: dict[str, str]) -> Iterator[Table]:
    table = results.table("datasets")
    if table["dataset"].nunique() == 1:
        return
    rows = [
        [Cell(row["dataset"]), Cell(row["label"]), *(Cell(count(row[column])) for column in columns)]
        for _, row in table.iterrows()
    ]
    titles = [Column("data set", "left"), Column("class", "left"), *(Column(title) for title in columns.values())]
    yield Table("table-datasets", "Images of each class in each data set.", titles, rows, ["datasets"], grouped=True)


def _baselines() -> list[Block]:
    what = {
        "majority": "always answers the most frequent class of the training part, with all frequencies as "
        "probabilities",
        "stratified": "guesses a class by the frequencies in the training part",
        "thumbnail_logistic": "logistic regression on the image at 16 x 16 pixels",
    }
    return [
        Paragraph("What a network has to beat, fitted in cells of the same folds, without a search:"),
        Bullets([f"{name}: {what[name]}" for name in BASELINES]),
    ]


def _architectures(results: Results) -> Table:
    cells = results.table("cells")
    rows = []
    for name in results.architectures:
        own = cells[cells["architecture"] == name]
        for form in sorted(own["variant"].unique(), reverse=True):
            chosen = own[own["variant"] == form]
            low, high = chosen["parameters"].min(), chosen["parameters"].max()
            parameters = count(low) if low == high else f"{count(low)} to {count(high)}"
            rows.append(
                [
                    *(Cell(name), Cell(form), Cell(parameters), Cell(f"{chosen['image_size'].iloc[0]}")),
                    Cell(listed(sorted(chosen["precision"].unique()))),
                    Cell(describe(name).reference if form == "corrected" else "as the study built it"),
                ]
            )
    titles = [Column("architecture", "left"), Column("form", "left"), Column("parameters"), Column("image side")]
    titles += [Column("precision", "left"), Column("follows", "wrap")]
    caption = "The architectures. Where the search may choose widths or depths, parameters range over the cells."
    return Table("table-architectures", caption, titles, rows, ["cells"], grouped=True)
