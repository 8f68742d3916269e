"""Figure of the data: how much of each class there is, in sources, patients and files."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from analysis.style import FAINT, FULL_WIDTH, INK

TOTAL = "all"  # label of the last row of tables/data.csv
# (columns with their labels, markers and colours) of each panel
PANELS = (
    ("independent units", (("patients", "patients", "D", INK), ("sources", "source images", "o", "#0072b2"))),
    (
        "files",
        (("before_files", "un-augmented", "s", "#009e73"), ("after_files", "augmented copies", "^", "#e69f00")),
    ),
)


def data(table: pd.DataFrame) -> Figure:
    """Patients and source images of each class beside the files made of them. `table` is tables/data.csv."""
    classes = table[table["label"] != TOTAL]
    height = 0.22 * len(classes) + 1.0
    figure, both = plt.subplots(1, 2, figsize=(FULL_WIDTH, height), sharey=True, layout="constrained")
    for axes, (title, columns) in zip(both, PANELS, strict=True):
        shown = [column for column in columns if classes[column[0]].notna().any() and classes[column[0]].sum() > 0]
        for column, label, marker, colour in shown:
            axes.plot(classes[column], classes["label"], marker, color=colour, label=label, markersize=5, alpha=0.85)
        axes.set_xlabel(f"{title} of the class")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(axis="both", color=FAINT, linewidth=0.5)
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1, handletextpad=0.2)
    both[0].set_ylim(len(classes) - 0.4, -0.6)
    return figure
