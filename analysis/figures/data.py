"""Figure of the data: numbers of patients, source images and files of each class."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.panels import log_ticks, row_of_panels
from analysis.drawing.style import INK

TOTAL = "all"  # label of the last row of tables/data.csv
# Title of each panel, and its columns with label, marker, and whether the marker is filled.
PANELS = (
    ("independent units", (("patients", "patients", "D", True), ("sources", "source images", "o", False))),
    ("files", (("before_files", "un-augmented", "s", True), ("after_files", "augmented copies", "^", False))),
)


def data(table: pd.DataFrame) -> Figure:
    """Numbers of patients and source images of each class, beside the files made from them, from tables/data.csv."""
    classes = table[table["label"] != TOTAL]
    figure, both = row_of_panels(2, 0.19 * len(classes) + 0.85)
    for axes, (title, columns) in zip(both, PANELS, strict=True):
        shown = [column for column in columns if classes[column[0]].notna().any() and classes[column[0]].sum() > 0]
        for column, label, marker, filled in shown:
            size, face = (4.5, INK) if filled else (6.5, "none")  # of two equal numbers, both stay visible
            axes.plot(
                classes[column], classes["label"], marker, color=INK, markerfacecolor=face, markersize=size, label=label
            )
        axes.set_xlabel(f"{title} of the class (logarithmic scale)")
        axes.set_xscale("log")
        log_ticks(axes.xaxis)
        axes.grid(axis="both")
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1, handletextpad=0.2)
    both[0].set_ylim(len(classes) - 0.4, -0.6)
    return figure
