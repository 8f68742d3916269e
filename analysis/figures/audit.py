"""Figures of the audit of the data: scores of the shortcut probes, and pairs of copies across the parts of a split."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.audit.contact_sheet import contact_sheet, strongest
from analysis.audit.partners import NEAR_DUPLICATE
from analysis.drawing.panels import label_rows, row_of_panels
from analysis.drawing.style import DASHED, GREY, INK, intervals, key
from benchmarks import stored
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study

ON_SHEET = 8  # pairs of copies: one page of the PDF
TASKS = {
    "class8": "classes (accuracy)",
    "density": "density (accuracy)",
    "severity": "severity (AUC)",
    "variant": "enhanced or not (AUC)",
}
PLACES = {PUBLISHED: ("o", -0.17), "by_patient": ("s", 0.17)}


def shortcuts(table: pd.DataFrame) -> Figure | None:
    """Scores of tables/shortcuts.csv with intervals and chance: a panel for each task, a row for each probe.

    Open markers are the published protocol. None if there is no estimate.
    """
    known = table.dropna(subset=["estimate"])
    tasks = [task for task in TASKS if task in set(known["task"])]
    if not tasks:
        return None
    probes = sorted(known["probe"].unique())
    figure, panels = row_of_panels(len(tasks), 0.28 * len(probes) + 0.95)
    for axes, task in zip(panels, tasks, strict=True):
        for protocol, (marker, offset) in PLACES.items():
            rows = known[(known["task"] == task) & (known["protocol"] == protocol)]
            y = [probes.index(probe) + offset for probe in rows["probe"]]
            ends = rows["estimate"], rows["ci_low"], rows["ci_high"]
            intervals(axes, y, *ends, (INK, marker), protocol != PUBLISHED, size=3.8, width=1.1)
            for chance in rows["chance"].dropna().unique():
                axes.axvline(chance, color=GREY, linewidth=0.8, linestyle=DASHED, zorder=0)
        axes.set(xlim=(0, 1.03), xlabel=TASKS[task], ylim=(len(probes) - 0.5, -0.5), xticks=[0, 0.5, 1])
        label_rows(axes, [probe.replace("_", " ") for probe in probes])
    shown = {name: marker for name, (marker, _) in PLACES.items() if name in set(known["protocol"])}
    handles = {name: key(marker, filled=name != PUBLISHED) for name, marker in shown.items()}
    handles |= {"chance": key(linestyle=DASHED, linewidth=0.8, color=GREY)}
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    return figure


def leakage(study: Study, pairs: pd.DataFrame) -> Figure | None:
    """Contact sheet of the most similar copies of tables/leakage_pairs.csv; None if there is no near duplicate.

    Only pairs with an image of the test part are drawn if there are any: they matter most.
    """
    near = pairs[pairs["kind"] == NEAR_DUPLICATE]
    if near.empty:
        return None
    results = study.results()
    rows = stored.table(results / "samples.parquet", columns=["sample", "row"]).set_index("sample")["row"]
    images = stored.array(results / f"images_{max(study.sizes())}.npy")
    tested = near[near["part_b"] == "test"]
    chosen = strongest(tested if len(tested) else near, ON_SHEET)
    return contact_sheet(chosen, lambda sample: np.asarray(images[rows[sample]]))
