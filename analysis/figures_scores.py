"""Figures of the scores: the headline and the confusion matrices."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.style import FAINT, FULL_WIDTH, GREY, INK, looks
from benchmarks.protocols import PUBLISHED

ROW = 0.19  # inches a row of the headline figure
VERDICTS = {"beats majority": "beats", "does not beat majority": "does not beat"}


def headline(table: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Accuracy of each architecture under each protocol with its 95 % interval, beside the majority class.

    `table` is tables/headline.csv. One row a cell of the study; open markers are the published protocol.
    """
    style = looks(architectures)
    cells = table.set_index(["architecture", "protocol"])
    rows, y = [], 0.0
    for architecture in sorted(architectures):
        for protocol in protocols:
            rows.append((y, architecture, protocol))
            y += 1
        y += 0.55
    height = ROW * y + 0.85
    figure, axes = plt.subplots(figsize=(FULL_WIDTH, height))
    figure.subplots_adjust(left=0.225, right=0.565, top=1 - 0.42 / height, bottom=0.42 / height)
    for y, architecture, protocol in rows:
        _headline_row(axes, y, cells.loc[(architecture, protocol)], style[architecture], protocol == PUBLISHED)
    middle = (len(protocols) - 1) / 2
    for start, architecture in [(y, a) for y, a, p in rows if p == protocols[0]]:
        axes.text(-0.64, start + middle, architecture, transform=axes.get_yaxis_transform(), va="center", weight="bold")
    axes.set_yticks([y for y, *_ in rows], [protocol for *_, protocol in rows])
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(-0.01, 1.01), ylim=(rows[-1][0] + 0.8, -0.8), xlabel="accuracy on test images")
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    for x, text in ((1.04, "accuracy (95 % CI)"), (1.53, "units"), (1.85, "majority class")):
        axes.text(x, -1.0, text, transform=axes.get_yaxis_transform(), color=GREY, fontsize=7, va="bottom")
    majority = Line2D([], [], color=INK, marker="|", linestyle="", markersize=8, markeredgewidth=1.2)
    axes.legend(
        [majority],
        ["always answering the majority class of training"],
        loc="lower left",
        bbox_to_anchor=(-0.03, 1.0),
        borderaxespad=0.1,
        handletextpad=0.2,
    )
    return figure


def _headline_row(axes, y: float, cell: pd.Series, look: tuple[str, str], is_published: bool) -> None:
    colour, marker = look
    beside = axes.get_yaxis_transform()
    if pd.notna(cell["majority_accuracy"]):
        axes.plot(cell["majority_accuracy"], y, marker="|", color=INK, markersize=9, markeredgewidth=1.2)
    if pd.isna(cell["accuracy"]):
        axes.text(1.04, y, "not evaluable", transform=beside, va="center", fontsize=7, color=GREY)
        return
    axes.plot([cell["ci_low"], cell["ci_high"]], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    face = "white" if is_published else colour
    axes.plot(cell["accuracy"], y, marker=marker, color=colour, markerfacecolor=face, markersize=5.5)
    interval = f"({cell['ci_low']:.2f} to {cell['ci_high']:.2f})" if pd.notna(cell["ci_low"]) else "(no interval)"
    axes.text(1.04, y, f"{cell['accuracy']:.2f}  {interval}", transform=beside, va="center", fontsize=7)
    axes.text(1.53, y, f"{cell['n_units']:.0f} {cell['unit']}", transform=beside, va="center", fontsize=7)
    verdict = VERDICTS.get(cell["verdict"], "not evaluable")
    weight = "bold" if verdict == "beats" else "normal"
    axes.text(1.85, y, verdict, transform=beside, va="center", fontsize=7, weight=weight)


def confusion(table: pd.DataFrame, title: str) -> Figure:
    """Confusion matrix: counts, and shares of each true class as the shade and in per cent.

    `table` is one of tables/confusion_*.csv: column label (the true class), then one count column a predicted class.
    """
    labels, columns = table["label"].tolist(), [c for c in table.columns if c != "label"]
    counts = table[columns].to_numpy(float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    side = max(0.37 * max(len(labels), len(columns)), 1.2)
    figure, axes = plt.subplots(figsize=(side + 1.75, side + 1.5), layout="constrained")
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolor="white", linewidth=0.8)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            ink = "white" if shares[row, column] > 0.55 else INK
            where = {"ha": "center", "color": ink}
            axes.text(column + 0.5, row + 0.5, f"{counts[row, column]:.0f}", va="bottom", fontsize=7.5, **where)
            axes.text(column + 0.5, row + 0.54, f"{shares[row, column]:.0%}", va="top", fontsize=5, **where)
    for place in range(min(counts.shape)):
        axes.add_patch(plt.Rectangle((place, place), 1, 1, fill=False, edgecolor=GREY, linewidth=0.7))
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(labels)) + 0.5, [f"{a} ({n:.0f})" for a, n in zip(labels, totals[:, 0], strict=True)])
    axes.set(xlabel="predicted", ylabel="true class (test images)", aspect="equal")
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, loc="left", weight="bold")
    return figure
