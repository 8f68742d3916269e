"""Figure of the shortcut audit: how far each probe gets, under both protocols."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing.style import DASHED, FAINT, FULL_WIDTH, GREY, INK, intervals, key
from benchmarks.protocols import PUBLISHED

TASKS = {
    "class8": "classes (accuracy)",
    "density": "density (accuracy)",
    "severity": "severity (AUC)",
    "variant": "enhanced or not (AUC)",
}
PLACES = {PUBLISHED: ("o", -0.17), "by_patient": ("s", 0.17)}


def shortcuts(table: pd.DataFrame) -> Figure | None:
    """A panel a task, a row a probe, with intervals and chance, of tables/shortcuts.csv; None if it has no estimate.

    Open markers are the published protocol.
    """
    known = table.dropna(subset=["estimate"])
    tasks = [task for task in TASKS if task in set(known["task"])]
    if not tasks:
        return None
    probes = sorted(known["probe"].unique())
    size = (FULL_WIDTH, 0.28 * len(probes) + 0.95)
    figure, panels = plt.subplots(1, len(tasks), figsize=size, sharey=True, squeeze=False, layout="constrained")
    for axes, task in zip(panels[0], tasks, strict=True):
        for protocol, (marker, offset) in PLACES.items():
            rows = known[(known["task"] == task) & (known["protocol"] == protocol)]
            y = [probes.index(probe) + offset for probe in rows["probe"]]
            ends = rows["estimate"], rows["ci_low"], rows["ci_high"]
            intervals(axes, y, *ends, (INK, marker), protocol != PUBLISHED, size=3.8, width=1.1)
            for chance in rows["chance"].dropna().unique():
                axes.axvline(chance, color=GREY, linewidth=0.8, linestyle=DASHED, zorder=0)
        axes.set(xlim=(0, 1.03), xlabel=TASKS[task], ylim=(len(probes) - 0.5, -0.5), xticks=[0, 0.5, 1])
        axes.set_yticks(range(len(probes)), [probe.replace("_", " ") for probe in probes])
        axes.grid(axis="x", color=FAINT, linewidth=0.5)
        axes.tick_params(axis="y", length=0)
    shown = {name: marker for name, (marker, _) in PLACES.items() if name in set(known["protocol"])}
    handles = {name: key(marker, filled=name != PUBLISHED) for name, marker in shown.items()}
    handles |= {"chance": key(linestyle=DASHED, linewidth=0.8, color=GREY)}
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    return figure
