"""Learning curves over the number of training patients: would more data help?"""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison.learning_curve import HELPS, NO_GAIN
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.results import Results
from reports.wording import count, estimate, interval, listed, number, units


def learning_curve(results: Results) -> Iterator[Section]:
    """The section on the number of training patients."""
    title = "Would more patients help?"
    gains, points = results.table("learning_gain"), results.table("learning_curve")
    if gains.empty:
        text = "This study ran no learning curve over training patients (`learning_curve` in its file)."
        yield Section("learning-patients", title, [Paragraph(text)])
        return
    blocks: list[Block] = [
        Paragraph(_sentence(gains)),
        Figures(
            "figure-learning-patients",
            "Accuracy under by_patient against the number of training patients a fold (logarithmic), with 95 % "
            "bootstrap intervals over the test patients; baselines in grey. Points at one number are set apart.",
            [Picture("learning_patients", "Accuracy against the number of training patients, with intervals")],
            ["learning_curve"],
        ),
        _table(gains, points),
    ]
    yield Section("learning-patients", title, blocks)


def _sentence(gains: pd.DataFrame) -> str:
    first = gains.iloc[0]
    opening = (
        f"The same test images, with {_patients(first['from_patients'])} to {_patients(first['to_patients'])} training "
        "patients a fold:"
    )
    helped = gains[gains["verdict"] == HELPS].sort_values("gain", ascending=False)
    names = [
        f"{row.architecture} gains {number(row.gain)} (95 % CI {interval(row.ci_low, row.ci_high)}; "
        f"{number(row.slope)} a doubling)"
        for row in helped.itertuples()
    ]
    flat = gains.loc[gains["verdict"] == NO_GAIN, "architecture"].tolist()
    parts = names + ([f"no gain is shown for {listed(flat)}"] if flat else [])
    if not parts:
        return f"{opening} whether accuracy rises is not evaluable."
    ending = (
        " What helped within this range suggests that more patients would help still; how far, the curve can't say."
        if names
        else " No gain shown is no proof that more patients would not help: intervals are wide."
    )
    return f"{opening} {listed(parts)}.{ending}"


def _patients(n: float) -> str:
    """A mean over folds need not be whole."""
    return count(n) if n == round(n) else number(n, 1)


def _table(gains: pd.DataFrame, points: pd.DataFrame) -> Table:
    sizes = points.drop_duplicates("protocol").sort_values("n_patients")["n_patients"].tolist()
    by_size = points.set_index(["architecture", "n_patients"])
    rows = []
    for _, row in gains.iterrows():
        own = [by_size.loc[(row["architecture"], n)] for n in sizes]
        rows.append(
            [
                Cell(row["architecture"], units(row["n_units"], row["unit"])),
                *(estimate(at["accuracy"], at["ci_low"], at["ci_high"]) for at in own),
                estimate(row["gain"], row["ci_low"], row["ci_high"]),
                estimate(row["slope"], row["slope_low"], row["slope_high"]),
                Cell(row["verdict"], strong=row["verdict"] == HELPS),
            ]
        )
    titles = [Column("architecture", "left"), *(Column(f"{_patients(n)} patients") for n in sizes)]
    titles += [Column("gain"), Column("a doubling"), Column("verdict", "phrase")]
    caption = (
        "Accuracy with a growing number of training patients a fold, each set holding the smaller ones; the largest is "
        "by_patient itself, with the mean over its folds. Gain: most minus fewest patients. A doubling: slope of a "
        "least squares line on the logarithm. 95 % intervals by bootstrap over the test patients, paired for gain and "
        "slope; which patients were left in training is one draw, whose chance they leave out."
    )
    return Table("table-learning-patients", caption, titles, rows, ["learning_curve", "learning_gain"])
