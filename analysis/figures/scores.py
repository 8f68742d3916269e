"""Figures of data and scores: size of each class, accuracy of every cell, and confusion matrices."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.drawing.panels import label_rows, log_ticks, row_of_panels
from analysis.drawing.style import FAINT, GREY, INK, intervals, key, looks, short_names
from analysis.names import named
from benchmarks.protocols import NOT_HONEST

WIDTH = 4.2  # inches: narrow, so that text stays readable beside other content and on a telephone
ROW, GAP = 0.16, 1.15  # inches a row, rows between architectures: their names stand there
LEFT, ACROSS, TOP, BOTTOM = 0.8, 2.0, 0.26, 0.44  # inches: left of the axes, and their width; above and below
TEXT = 8.5  # points
LEADER = "#b5b5b5"
TOTAL = "all"  # label of the last row of tables/data.csv
# Title of each panel, and its columns with label, marker, and whether the marker is filled.
PANELS = (
    ("independent units", (("patients", "patients", "D", True), ("sources", "source images", "o", False))),
    ("files", (("before_files", "un-augmented", "s", True), ("after_files", "augmented copies", "^", False))),
)
CELL = 0.37  # inches a cell of a confusion matrix


def headline(table: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Accuracy of each architecture under each protocol with a 95% interval, beside the majority-class baseline.

    `table` is tables/headline.csv. A row for each architecture and protocol; open markers are protocols that are not
    honest, and a line joins the protocols of an architecture.
    """
    cells = table.set_index(["architecture", "protocol"])
    pitch, style = len(protocols) + GAP, looks(architectures)
    last = pitch * len(architectures) - GAP - 1
    height = ROW * (last + 2.4) + TOP + BOTTOM
    figure, axes = plt.subplots(figsize=(WIDTH, height))
    edges = {"left": LEFT / WIDTH, "right": (LEFT + ACROSS) / WIDTH}
    figure.subplots_adjust(**edges, top=1 - TOP / height, bottom=BOTTOM / height)
    for number, name in enumerate(style):
        y = number * pitch + np.arange(len(protocols))
        _block(axes, y, cells.loc[[(name, protocol) for protocol in protocols]], style[name])
        _beside(axes, 0.04 - LEFT, y[0] - 1, named(name), weight="bold", fontsize=TEXT)
    places = [number * pitch + place for number in range(len(style)) for place in range(len(protocols))]
    label_rows(axes, protocols * len(style), places)
    axes.set(xlim=(0, 1), ylim=(last + 0.7, -1.7), xticks=np.linspace(0, 1, 6))
    axes.set_xlabel("accuracy on test images", labelpad=2, fontsize=TEXT)
    axes.tick_params(labelsize=TEXT)
    axes.spines["left"].set_visible(False)
    _beside(axes, ACROSS + 0.1, -1, "accuracy (95% CI)", fontsize=TEXT - 0.5, color=GREY)
    leaky = ", ".join(name for name in NOT_HONEST if name in protocols)
    handles = {leaky: key("o", filled=False), "no shared source": key("o")} if leaky else {}
    handles |= {"majority class": key("|", size=8, markeredgewidth=1.2)}
    axes.legend(
        handles.values(), handles, loc="lower left", bbox_to_anchor=(-LEFT / ACROSS, 1), ncols=3, borderaxespad=0.1,
        handletextpad=0, columnspacing=0.8, handlelength=1.4, fontsize=TEXT,
    )  # fmt: skip
    return figure


def _block(axes: Axes, y: np.ndarray, rows: pd.DataFrame, look: tuple[str, str]) -> None:
    """Draw one architecture at heights `y`, a row for each protocol."""
    leaky = rows.index.get_level_values("protocol").isin(NOT_HONEST)
    known = rows["accuracy"].notna().to_numpy()
    axes.plot(rows["majority_accuracy"], y, "|", color=INK, markersize=8, markeredgewidth=1.2)
    axes.plot(rows["accuracy"][known], y[known], color=LEADER, linewidth=0.9, zorder=1.5)
    accuracy, low, high = (rows[name].to_numpy(float) for name in ("accuracy", "ci_low", "ci_high"))
    intervals(axes, y[known], accuracy[known], low[known], high[known], look, ~leaky[known], size=5, width=1.6)
    for place, value, low_end, high_end in zip(y, accuracy, low, high, strict=True):
        if np.isnan(value):
            _beside(axes, ACROSS + 0.1, place, "not evaluable", fontsize=TEXT - 0.5, color=GREY)
            continue
        around = "no interval" if np.isnan(low_end) else f"{low_end:.2f} to {high_end:.2f}"
        _beside(axes, ACROSS + 0.1, place, f"{value:.2f}  ({around})", fontsize=TEXT - 0.5)


def _beside(axes: Axes, inches: float, y: float, text: str, **more: Any) -> None:
    """Write `text` at `inches` from the left end of `axes`."""
    axes.text(inches / ACROSS, y, text, transform=axes.get_yaxis_transform(), va="center", **more)


def confusion(table: pd.DataFrame, title: str) -> Figure:
    """Confusion matrix: counts, and percentages of each true class, which also set the colour of a field.

    `table` is one of tables/confusion_*.csv: column label (the true class), then the counts of each predicted class.
    Class names are short, so that two matrices fit side by side in print.
    """
    labels, columns = table["label"].tolist(), [c for c in table.columns if c != "label"]
    counts = table[columns].to_numpy(float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    short = short_names(sorted({*labels, *columns}))
    # The least size leaves room for the title and the labels of the axes.
    size = (max(CELL * len(columns), 1.6) + 0.85, max(CELL * len(labels), 1.6) + 0.75)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    filled = np.argwhere(counts > 0)
    cells = PatchCollection([Rectangle((x, y), 1, 1) for y, x in filled], cmap="Blues", norm=Normalize(0, 1))
    cells.set_array(shares[counts > 0])
    axes.add_collection(cells)
    for row, column in filled:
        ink: dict[str, Any] = {"ha": "center", "color": "white" if shares[row, column] > 0.55 else INK}
        axes.text(column + 0.5, row + 0.5, f"{counts[row, column]:.0f}", va="bottom", fontsize=8, **ink)
        axes.text(column + 0.5, row + 0.56, f"{shares[row, column]:.0%}", va="top", fontsize=6, **ink)
    axes.set(xlim=(0, len(columns)), ylim=(len(labels), 0), aspect="equal")
    axes.hlines(range(len(labels) + 1), 0, len(columns), color=FAINT, linewidth=0.5, zorder=0)
    axes.vlines(range(len(columns) + 1), 0, len(labels), color=FAINT, linewidth=0.5, zorder=0)
    for place in range(min(counts.shape)):
        axes.add_patch(Rectangle((place, place), 1, 1, fill=False, edgecolor=GREY, linewidth=0.9))
    names = [short[column] for column in columns]
    axes.set_xticks(np.arange(len(columns)) + 0.5, names)
    if max(map(len, names)) > 4:
        plt.setp(axes.get_xticklabels(), rotation=45, ha="right", rotation_mode="anchor")
    numbers = zip(labels, totals[:, 0], strict=True)
    axes.set_yticks(np.arange(len(labels)) + 0.5, [f"{short[label]} ({n:.0f})" for label, n in numbers])
    example = f"  ({short[labels[0]]}: {labels[0]})" if short[labels[0]] != labels[0] else ""
    axes.set(xlabel=f"predicted{example}", ylabel="true class (test images)")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.suptitle(title, x=0.02, ha="left", weight="bold", fontsize=plt.rcParams["axes.titlesize"])
    return figure


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
