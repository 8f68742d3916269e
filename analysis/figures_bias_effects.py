"""Figures of the bias checks: effects beside their thresholds, differences between groups, randomised weights."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import thresholds
from analysis.bias import LESION, UNWANTED
from analysis.groups import SPREAD
from analysis.style import FAINT, FULL_WIDTH, GREY, INK, looks

CHECKS = {
    "erase": "erased: drop in probability",
    "swap": "swapped: drop in probability",
    "heat": "heat: share beyond null",
}
METRICS = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "calibration_in_the_large": "calibration",
    "brier": "Brier score",
}
DASHED = (0, (3, 2))
STEP = 0.095  # inches between architectures
GAP = 1.2  # steps between regions or groups


def effects(bias: pd.DataFrame, architectures: list[str], protocols: list[str]) -> tuple[Figure, list[Figure]]:
    """Effects of tables/bias.csv with intervals, by check (rows), protocol (columns), region and architecture.

    Filled: flagged. Dashed: what an effect must reach to matter. One long figure, and one page a check.
    """
    known = set(bias.loc[bias["check"].isin(CHECKS) & bias["effect"].notna(), "region_or_group"])
    regions = [region for region in (*UNWANTED, LESION) if region in known] or [LESION]
    pages = [_effects(bias, [check], regions, architectures, protocols) for check in CHECKS]
    return _effects(bias, list(CHECKS), regions, architectures, protocols), pages


def _effects(
    bias: pd.DataFrame, checks: list[str], regions: list[str], architectures: list[str], protocols: list[str]
) -> Figure:
    pitch = len(architectures) + GAP
    height = len(checks) * (STEP * pitch * len(regions) + 0.55) + 0.4
    shape = (len(checks), len(protocols))
    figure, grid = plt.subplots(
        *shape, figsize=(FULL_WIDTH, height), squeeze=False, sharey=True, sharex="row", layout="constrained"
    )
    for row, check in zip(grid, checks, strict=True):
        for axes, protocol in zip(row, protocols, strict=True):
            own = bias[(bias["check"] == check) & (bias["protocol"] == protocol)]
            _points(axes, own.set_index("region_or_group"), regions, architectures)
            for number, region in enumerate(regions):
                place = np.array([number, number + 1]) * pitch - 1.1
                axes.plot([_matters(check, region)] * 2, place, color=INK, linewidth=0.7, linestyle=DASHED)
            axes.set_xlabel(CHECKS[check])
            axes.set_title(protocol if check == checks[0] else "", loc="left", weight="bold")
    _legend(figure, architectures)
    return figure


def _matters(check: str, region: str) -> float:
    if region == LESION:
        return (thresholds.BLIND if check == "heat" else thresholds.IGNORED).matters
    return (thresholds.HEAT if check == "heat" else thresholds.PROBABILITY).matters


def groups(table: pd.DataFrame, bias: pd.DataFrame, architectures: list[str]) -> Figure:
    """Differences between each group and all others, a panel a metric, from one protocol's rows of tables/groups.csv.

    Filled: flagged in `bias`, the protocol's rows of tables/bias.csv.
    """
    known = table[table["architecture"].isin(architectures) & table["ci_low"].notna()]
    name = known["factor"] + " " + known["group"]
    known = known.assign(
        name=name.where(known["metric"] != SPREAD, "patients (spread)"),
        panel=known["metric"].replace(SPREAD, "accuracy"),
        region_or_group=name + ": " + known["metric"],
    )
    verdicts = bias.loc[bias["check"] == "groups", ["architecture", "region_or_group", "verdict"]]
    known = known.merge(verdicts, "left", ["architecture", "region_or_group"])
    metrics = [metric for metric in METRICS if metric in set(known["panel"])]
    names = list(known["name"].unique())
    if not metrics:
        figure, axes = plt.subplots(figsize=(FULL_WIDTH, 0.6))
        axes.text(0.5, 0.5, "no group is evaluable", ha="center", color=GREY)
        axes.set_axis_off()
        return figure
    height = STEP * (len(architectures) + GAP) * len(names) + 0.9
    figure, panels = plt.subplots(
        1, len(metrics), figsize=(FULL_WIDTH, height), squeeze=False, sharey=True, layout="constrained"
    )
    for axes, metric in zip(panels[0], metrics, strict=True):
        own = known[known["panel"] == metric].rename(columns={"difference": "effect"})
        _points(axes, own.set_index("name"), names, architectures)
        axes.set_xlabel(METRICS[metric])
    _legend(figure, architectures)
    return figure


def _points(axes: Axes, table: pd.DataFrame, regions: list[str], architectures: list[str]) -> None:
    """Effects and intervals of `table`, indexed by region: a place for each region, in it a line an architecture."""
    pitch, style = len(architectures) + GAP, looks(architectures)
    for number, region in enumerate(regions):
        for row in table.loc[table.index == region].dropna(subset=["effect"]).itertuples():
            y = number * pitch + sorted(architectures).index(row.architecture)
            colour, marker = style[row.architecture]
            axes.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=0.9)
            face = colour if row.verdict == thresholds.FLAGGED else "white"
            axes.plot(row.effect, y, marker, color=colour, markerfacecolor=face, markersize=3, markeredgewidth=0.7)
    middle = (len(architectures) - 1) / 2
    axes.set_yticks([number * pitch + middle for number in range(len(regions))], regions)
    axes.set_ylim(len(regions) * pitch - GAP, -1)
    axes.axvline(0, color=INK, linewidth=0.6, zorder=1)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)


def randomisation(sanity: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Likeness of the maps to those with so many layers drawn anew, mean over probes, from tables/sanity.csv."""
    rows = sanity[sanity["check"] == "randomisation"]
    rows = rows.assign(share=rows["step"].str.rstrip("%").astype(float))
    shape = (1, len(protocols))
    figure, grid = plt.subplots(*shape, figsize=(FULL_WIDTH, 2.1), squeeze=False, sharey=True, layout="constrained")
    for axes, protocol in zip(grid[0], protocols, strict=True):
        for name, (colour, marker) in looks(architectures).items():
            own = rows[(rows["protocol"] == protocol) & (rows["architecture"] == name)]
            means = own.groupby("share")["value"].mean().dropna()
            axes.plot([0, *means.index], [1, *means], color=colour, marker=marker, markersize=3.5, linewidth=1)
        limit = thresholds.LIKENESS["randomisation"]
        axes.axhline(limit, color=INK, linewidth=0.7, linestyle=DASHED)
        axes.set(
            ylim=(min(-0.3, axes.get_ylim()[0]), 1.05), xlabel="layers drawn anew (%)", xticks=[0, 25, 50, 75, 100]
        )
        axes.grid(axis="y", color=FAINT, linewidth=0.5)
        axes.set_title(protocol, loc="left", weight="bold")
    grid[0][0].set_ylabel("correlation with the map")
    _legend(figure, architectures)
    return figure


def _legend(figure: Figure, architectures: list[str]) -> None:
    handles = [
        plt.Line2D([], [], color=colour, marker=marker, markersize=4, linewidth=1, label=name)
        for name, (colour, marker) in looks(architectures).items()
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=min(7, len(handles)), handletextpad=0.4)
