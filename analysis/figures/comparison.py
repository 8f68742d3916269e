"""Figures of the comparison: ranks, differences to the baselines, both controls and learning curve."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullLocator
from matplotlib.transforms import blended_transform_factory

from analysis.comparison.comparison import A_BETTER, B_BETTER, BASELINE, BOOTSTRAP, CLASS8, NONE, RANKS_DIFFER
from analysis.comparison.positive_control import CHANCE, YES
from analysis.drawing.panels import label_rows, row_of_panels
from analysis.drawing.style import FAINT, FULL_WIDTH, GREY, INK, intervals, key, looks, looks_with_baselines
from analysis.names import short
from analysis.tasks import AUC
from benchmarks.study.names import BASELINES

ROW = 0.17  # inches a row
APART = 0.17  # of a row, between shuffled and real labels of the control
SPREAD = 0.03  # of a doubling of patients: between the points of two learning curves, so that no interval is hidden


def critical_difference(ranks: pd.DataFrame, protocol: str) -> Figure | None:
    """Critical difference diagram of one protocol, best mean rank to the left (Demsar, JMLR 7, 2006, 1-30).

    `ranks` is tables/ranks.csv. Bars join architectures without a significant difference. None if not evaluable.
    """
    own = ranks[(ranks["protocol"] == protocol) & ranks["mean_rank"].notna()].sort_values(["mean_rank", "architecture"])
    if own.empty:
        return None
    k, critical = len(own), own["critical_distance"].iloc[0]
    bars = _joined(own["mean_rank"].to_numpy(), critical, own["verdict"].iloc[0] == RANKS_DIFFER)
    n_left, step = (k + 1) // 2, 0.01 * (k - 1)
    depth = 0.45 + 0.28 * len(bars)  # rows between the axis and the names
    height = ROW * (n_left + depth + 3.4)
    figure, axes = plt.subplots(figsize=(FULL_WIDTH, height))
    figure.subplots_adjust(left=0.27, right=0.73, top=1, bottom=0)
    axes.set(xlim=(1, k), ylim=(n_left + depth + 0.3, -3.1))
    axes.spines[:].set_visible(False)
    axes.yaxis.set_visible(False)
    axes.xaxis.set_visible(False)
    _scale(axes, k, critical)
    for level, (best, worst) in enumerate(bars):
        y = 0.4 + 0.28 * level
        axes.plot([best - step / 2, worst + step / 2], [y, y], color=INK, linewidth=2.6, solid_capstyle="butt")
    style = looks_with_baselines([name for name in ranks["architecture"].unique() if name not in BASELINES])
    for place, row in enumerate(own.itertuples()):
        on_left = place < n_left
        y = depth + 0.5 + (place if on_left else k - 1 - place)
        sign, align = (-1, "right") if on_left else (1, "left")
        end = (1 if on_left else k) + sign * step
        axes.plot([row.mean_rank, row.mean_rank, end], [0, y, y], color=GREY, linewidth=0.7, clip_on=False)
        colour, marker = style[row.architecture]
        axes.plot(row.mean_rank, 0, marker=marker, color=colour, markersize=5.5, clip_on=False, zorder=3)
        axes.plot(end, y, marker=marker, color=colour, markersize=4.5, clip_on=False, zorder=3)
        name = short(row.architecture)
        text = f"{name}  {row.mean_rank:.1f}" if on_left else f"{row.mean_rank:.1f}  {name}"
        slant = "italic" if row.architecture in BASELINES else "normal"
        axes.text(end + 2 * sign * step, y, text, ha=align, va="center", fontsize=7, style=slant)
    blocks, p = own["n_blocks"].iloc[0], own["friedman_p"].iloc[0]
    p_value = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    title = f"{protocol}: mean rank in {blocks} folds (Friedman {p_value})"
    axes.text(0.02, 1 - 0.06 / height, title, transform=figure.transFigure, va="top", weight="bold", fontsize=8)
    return figure


def _scale(axes: Axes, k: int, critical: float) -> None:
    """Draw the axis of ranks at y = 0 and the critical distance above it, which may be longer than the axis."""
    axes.plot([1, k], [0, 0], color=INK, linewidth=0.8, clip_on=False)
    for value in range(1, k + 1):
        axes.plot([value, value], [0, -0.25], color=INK, linewidth=0.8, clip_on=False)
        axes.text(value, -0.35, str(value), ha="center", va="bottom", fontsize=7)
    ends = [1, 1 + critical]
    axes.plot(ends, [-1.65, -1.65], color=INK, linewidth=1, marker="|", markersize=6, clip_on=False)
    axes.text(1 + critical + 0.02 * k, -1.65, f"critical distance {critical:.2f}", va="center", fontsize=7)


def _joined(ranks: np.ndarray, critical: float, differ: bool) -> list[tuple[float, float]]:
    """Return first and last of each longest run of sorted `ranks` within `critical`; one run unless ranks `differ`."""
    if not differ:
        return [(ranks[0], ranks[-1])]
    last = np.searchsorted(ranks, ranks + critical, side="right") - 1
    # A run that ends where the run before it ended is part of that run.
    longest = np.diff(last, prepend=-1) > 0
    return [(ranks[i], ranks[last[i]]) for i in np.flatnonzero(longest) if last[i] > i]


def differences(comparison: pd.DataFrame, protocols: list[str]) -> Figure | None:
    """Accuracy minus the accuracy of each baseline with 95% intervals; None if nothing is evaluable.

    `comparison` is tables/comparison.csv. A panel for each baseline, a row for each architecture and protocol. Filled
    markers: significant after Holm's correction.
    """
    rows = comparison[(comparison["family"] == BASELINE) & (comparison["test"] == BOOTSTRAP)]
    rows = rows[rows["task"] == CLASS8]
    if rows["ci_low"].isna().all():
        return None
    architectures = sorted(rows["a"].unique())
    style = looks(architectures)
    places = {
        (a, protocol): i * (len(protocols) + 0.55) + j
        for i, a in enumerate(architectures)
        for j, protocol in enumerate(protocols)
    }
    last = max(places.values())
    height = ROW * (last + 1.6) + 0.99
    figure, panels = plt.subplots(1, len(BASELINES), figsize=(FULL_WIDTH, height), sharex=True, sharey=True)
    figure.subplots_adjust(left=0.235, right=0.99, top=1 - 0.56 / height, bottom=0.42 / height, wspace=0.08)
    for axes, baseline in zip(panels, BASELINES, strict=True):
        for row in rows[rows["b"] == baseline].itertuples():
            _difference(axes, places[row.a, row.protocol], row, style[row.a])
        axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
        axes.set_title(f"minus\n{short(baseline)}")  # on one line, long names run into each other
        axes.xaxis.set_major_locator(MaxNLocator(4, prune="upper"))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
    panels[0].set(ylim=(last + 0.8, -0.8))
    panels[0].set_yticks(list(places.values()), [protocol for _, protocol in places])
    centre = (panels[0].get_position().x0 + panels[-1].get_position().x1) / 2
    figure.supxlabel("difference in accuracy (95% CI)", x=centre, y=0.04 / height, va="bottom", size="medium")
    beside = blended_transform_factory(figure.transFigure, panels[0].transData)
    for architecture in architectures:
        middle = places[architecture, protocols[0]] + (len(protocols) - 1) / 2
        panels[0].text(0.008, middle, short(architecture), transform=beside, va="center", weight="bold")
    handles = {
        "significantly different (95% CI)": key("o", linestyle="-", linewidth=1.6),
        "no significant difference": key("o", filled=False, linestyle="-", linewidth=1.6),
        "less than 80% power": Patch(color=FAINT),
    }
    figure.legend(handles.values(), handles, loc="upper right", bbox_to_anchor=(0.99, 1), ncols=3, borderaxespad=0.2)
    return figure


def _difference(axes: Axes, y: float, row: Any, look: tuple[str, str]) -> None:
    if row.verdict.startswith(NONE):
        axes.text(0, y, NONE, ha="center", va="center", fontsize=6, color=GREY)
        return
    axes.barh(y, 2 * row.detectable, left=-row.detectable, height=0.72, color=FAINT, linewidth=0, zorder=0)
    apart = row.verdict in (A_BETTER, B_BETTER)
    intervals(axes, y, row.effect, row.ci_low, row.ci_high, look, apart, size=5, width=1.6)


def control(table: pd.DataFrame, architectures: list[str], headline: pd.DataFrame | None = None) -> Figure | None:
    """Accuracy with permuted labels, with real labels and by chance, of tables/control.csv; None if the table is empty.

    A panel for each protocol, a row for each architecture or baseline. `architectures` are all of the study, which
    colours depend on; `headline`, tables/headline.csv, has the intervals of the accuracy with real labels.
    """
    if table.empty:
        return None
    style = looks_with_baselines(architectures)
    names = [name for name in style if name in set(table["architecture"])]
    protocols = table["protocol"].unique()
    real = None if headline is None else headline.set_index(["protocol", "architecture"])[["ci_low", "ci_high"]]
    figure, panels = row_of_panels(len(protocols), 0.29 * len(names) + 0.95)
    for axes, protocol in zip(panels, protocols, strict=True):
        rows = table[table["protocol"] == protocol].set_index("architecture")
        for y, name in enumerate(names):
            row = rows.loc[name]
            low, high = (np.nan, np.nan) if real is None else real.loc[(protocol, name)]
            axes.plot(row["chance"], y - APART, marker="|", color=INK, markersize=8, markeredgewidth=1.2)
            intervals(axes, y - APART, row["permuted"], row["ci_low"], row["ci_high"], style[name])
            intervals(axes, y + APART, row["real"], low, high, style[name], filled=False, width=1)
        axes.set(xlim=(-0.01, 1.01), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy on test images", title=protocol)
        label_rows(axes, [short(name) for name in names])
    handles = {
        "permuted labels (95% CI)": key("o", linestyle="-", linewidth=1.4),
        "real labels (95% CI)": key("o", filled=False, linestyle="-", linewidth=1),
        "chance": key("|", size=8, markeredgewidth=1.2),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=3)
    return figure


def positive_control(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """Area under the ROC curve by lesion contrast, of tables/positive_control.csv; None if the table is empty.

    A panel for each protocol, a curve for each architecture and baseline. Filled markers: above chance.
    """
    if table.empty:
        return None
    style = looks_with_baselines(architectures)
    names = [name for name in style if name in set(table["architecture"])]
    protocols = table["protocol"].unique()
    figure, panels = row_of_panels(len(protocols), 2.9)
    step = 0.012 * table["contrast"].max()  # between curves, so that no interval is hidden
    for axes, protocol in zip(panels, protocols, strict=True):
        for place, name in enumerate(names):
            rows = table[(table["protocol"] == protocol) & (table["architecture"] == name)].sort_values("contrast")
            colour, marker = style[name]
            x = rows["contrast"] + step * (place - (len(names) - 1) / 2)
            axes.vlines(x, rows["ci_low"], rows["ci_high"], color=colour, linewidth=1)
            dashes = "-" if name in architectures else (0, (3, 1.5))
            axes.plot(x, rows[AUC], color=colour, linestyle=dashes, linewidth=1)
            for seen, face in ((True, colour), (False, "white")):
                own = (rows["above_chance"] == YES) == seen
                axes.plot(x[own], rows[AUC][own], marker, color=colour, markerfacecolor=face, markersize=4.5)
        axes.axhline(CHANCE, color=INK, linewidth=0.8, zorder=0)
        axes.set_xticks(np.sort(table["contrast"].unique()))
        axes.set(ylim=(0, 1.01), xlabel="contrast of the lesion (%)", ylabel="AUC within folds", title=protocol)
        axes.grid(axis="y")
    handles = [key(style[name][1], color=style[name][0], markerfacecolor=style[name][0]) for name in names]
    labels = [*map(short, names), "not above chance"]
    figure.legend([*handles, key("o", filled=False)], labels, loc="outside right upper")
    return figure


def learning_curve(table: pd.DataFrame, architectures: list[str]) -> Figure | None:
    """Accuracy against the number of training patients with 95% intervals, of tables/learning_curve.csv; None if empty.

    A curve for each architecture and baseline. `architectures` are all of the study, which colours depend on.
    """
    if table.empty:
        return None
    style = looks_with_baselines(architectures)
    names = [name for name in style if name in set(table["architecture"])]
    figure, axes = plt.subplots(figsize=(0.75 * FULL_WIDTH, 2.9), layout="constrained")
    for place, name in enumerate(names):
        rows = table[table["architecture"] == name].sort_values("n_patients")
        colour, marker = style[name]
        x = rows["n_patients"] * 2 ** (SPREAD * (place - (len(names) - 1) / 2))
        axes.vlines(x, rows["ci_low"], rows["ci_high"], color=colour, linewidth=1)
        dashes = "-" if name in architectures else (0, (3, 1.5))
        axes.plot(x, rows["accuracy"], color=colour, marker=marker, markersize=4.5, linestyle=dashes, label=short(name))
    ticks = np.sort(table["n_patients"].unique())
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{n:.3g}" for n in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(ylim=(0, 1), xlabel="training patients a fold", ylabel="accuracy on test images")
    axes.grid(axis="y")
    figure.legend(loc="outside right upper")
    return figure
