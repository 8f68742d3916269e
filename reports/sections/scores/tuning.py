"""What the search for hyperparameters bought, and which of them mattered."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.importance import MATTERS
from analysis.comparison.tuning_gain import HELPED, HURT, NO_GAIN
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import MISSING, count, estimate, interval, listed, number, plural, units


def tuning(results: Results) -> Iterator[Section]:
    """The sections on the gain of the search and on importance."""
    table = results.table("tuning")
    if table.empty:
        text = "This study has no honest protocol, and the published recipe searches nothing: no search was run."
        yield Section("tuning", "What the search bought", [Paragraph(text)])
        return
    blocks: list[Block] = [Paragraph(text) for text in _sentences(table)]
    yield Section("tuning", "What the search bought", [*blocks, _table(table)])
    importance = results.table("importance")
    if len(importance):
        yield Section("importance", "Which hyperparameters mattered", list(_importance(importance)))


def _sentences(table: pd.DataFrame) -> Iterator[str]:
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


def _table(table: pd.DataFrame) -> Table:
    rows = [
        [
            *(Cell(row["protocol"]), Cell(row["architecture"], units(row["n_units"], row["unit"]))),
            Cell(count(row["n_trials"])),
            *(Cell(number(row["loss_gain"])), Cell(number(row["validation_gain"]))),
            _gain(row, "test_gain", "ci_low", "ci_high"),
            _gain(row, "optimism", "optimism_low", "optimism_high"),
            Cell(row["verdict"], strong=row["verdict"] in (HELPED, HURT)),
        ]
        for _, row in table.iterrows()
    ]
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("trials")]
    titles += [Column("loss gain, validation"), Column("accuracy gain, validation"), Column("accuracy gain, test")]
    titles += [Column("optimism"), Column("verdict", "phrase")]
    caption = (
        "The chosen configuration against the default one, a cell's first trial: fall of the validation loss, gains "
        "in accuracy on the validation and test parts (paired 95 % bootstrap over patients for the test part). "
        "Optimism: validation gain minus test gain; its interval is that of the test gain alone."
    )
    return Table("table-tuning", caption, titles, rows, ["tuning"], grouped=True)


def _gain(row: pd.Series, value: str, low: str, high: str) -> Cell:
    return Cell(MISSING) if pd.isna(row[value]) else estimate(row[value], row[low], row[high])


def _importance(table: pd.DataFrame) -> Iterator[Block]:
    yield Paragraph(
        "A random forest [@breiman2001] fitted on all honest trials of an architecture predicts the logarithm of the "
        "validation loss, relative to the trial's cell, from the hyperparameters. It is tested on folds left out; a "
        "hyperparameter matters if R2 there falls when its values are shuffled, by an interval above zero. Where the "
        "forest explains nothing, or there are too few trials, nothing is said."
    )
    known = table.dropna(subset=["importance"])
    if known.empty:
        yield Paragraph(f"It is evaluable for no architecture: {listed(_reasons(table))}.")
        return
    yield Paragraph(" ".join(_found(name, rows) for name, rows in known.groupby("architecture")))
    picture = Picture("importance", "Importance of every hyperparameter with its interval")
    caption = (
        "Fall of the cross-validated R2 when one hyperparameter is shuffled; lines hold 95 % of the shuffles, each on "
        "a bootstrap of the configurations. Blue: it matters; grey: no effect shown."
    )
    yield Figures("figure-importance", caption, [picture], ["importance"])
    rows = [
        [
            *(Cell(row["architecture"]), Cell(row["hyperparameter"])),
            Cell(MISSING) if pd.isna(row["importance"]) else estimate(row["importance"], row["low"], row["high"]),
            *(Cell(number(row["r2"])), Cell(count(row["n_trials"]))),
            Cell(row["verdict"], strong=row["verdict"] == MATTERS),
        ]
        for _, row in table.iterrows()
    ]
    titles = [Column("architecture", "left"), Column("hyperparameter", "left"), Column("importance"), Column("R2")]
    titles += [Column("distinct trials"), Column("verdict", "wrap")]
    caption = "Permutation importance of each hyperparameter, and R2 of the fit on folds left out."
    yield Table("table-importance", caption, titles, rows, ["importance"], grouped=True, folded=True)


def _reasons(table: pd.DataFrame) -> list[str]:
    """`simple: too few distinct trials (6 < 20)`, an architecture each."""
    first = table.drop_duplicates("architecture")
    return [f"{row.architecture}: {row.verdict.removeprefix('not evaluable: ')}" for row in first.itertuples()]


def _found(architecture: str, rows: pd.DataFrame) -> str:
    matter = rows[rows["verdict"] == MATTERS].sort_values("importance", ascending=False)
    names = [
        f"{row.hyperparameter} ({number(row.importance)}, {interval(row.low, row.high)})" for row in matter.itertuples()
    ]
    who = listed(names) if names else "no hyperparameter"
    return f"For {architecture}, {who} {'matter' if len(names) > 1 else 'matters'} (R2 {number(rows['r2'].iloc[0])})."
