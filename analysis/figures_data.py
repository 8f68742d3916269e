"""Figure of the data: how much of each class there is, in sources, patients and files."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from analysis.style import FAINT, FULL_WIDTH, GREY, INK

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
        for place, (column, label, marker, colour) in enumerate(shown):
            axes.plot(
                classes[column], classes["label"], linestyle="", marker=marker, color=colour, label=label, markersize=5
            )
            for y, count in enumerate(classes[column]):
                if pd.notna(count):
                    below = {"xytext": (0, -6.5), "va": "top"} if place == 0 and len(shown) > 1 else None
                    offset = below or {"xytext": (6, 0), "va": "center"}
                    axes.annotate(
                        f"{count:.0f}",
                        (count, y),
                        textcoords="offset points",
                        ha="center" if below else "left",
                        fontsize=6,
                        color=GREY,
                        **offset,
                    )
        axes.set_xlabel(f"{title} of the class")
        axes.set_xlim(0, 1.12 * max((classes[column[0]].max() for column in shown), default=1))
        axes.grid(axis="y", color=FAINT, linewidth=0.5)
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1, handletextpad=0.2)
    both[0].set_ylim(len(classes) - 0.4, -0.6)
    return figure
