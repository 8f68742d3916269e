"""Figure of the shortcut audit: how far each probe gets, under both protocols."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.style import COLOURS, FAINT, FULL_WIDTH, GREY

TASKS = {
    "class8": "classes (accuracy)",
    "density": "density (accuracy)",
    "severity": "severity (AUC)",
    "variant": "enhanced or not (AUC)",
}
LOOKS = {"published": (COLOURS[3], "o", -0.14), "by_patient": (COLOURS[0], "s", 0.14)}


def shortcuts(table: pd.DataFrame) -> Figure | None:
    """A panel a task, a row a probe, with intervals and chance, of tables/shortcuts.csv; None if it has no estimate."""
    known = table.dropna(subset=["estimate"])
    tasks = [task for task in TASKS if task in set(known["task"])]
    if not tasks:
        return None
    probes = sorted(known["probe"].unique())
    size = (FULL_WIDTH, 0.28 * len(probes) + 0.95)
    figure, panels = plt.subplots(1, len(tasks), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, task in zip(panels[0], tasks, strict=True):
        for protocol, (colour, marker, offset) in LOOKS.items():
            rows = known[(known["task"] == task) & (known["protocol"] == protocol)].set_index("probe").reindex(probes)
            places = np.arange(len(probes)) + offset
            axes.hlines(places, rows["ci_low"], rows["ci_high"], color=colour, linewidth=1.2)
            axes.plot(rows["estimate"], places, marker, color=colour, markersize=3.5, label=protocol)
            for chance in rows["chance"].dropna().unique():
                axes.axvline(chance, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.set(xlim=(0, 1.03), xlabel=TASKS[task], ylim=(len(probes) - 0.5, -0.5))
        axes.set_yticks(range(len(probes)), [probe.replace("_", " ") for probe in probes])
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.tick_params(axis="y", length=0)
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure
