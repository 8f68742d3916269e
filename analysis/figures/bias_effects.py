"""Figures of the bias checks: effects and thresholds, differences between groups, and randomised weights."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.bias import thresholds
from analysis.bias.groups import SPREAD
from analysis.bias.verdicts import LESION, UNWANTED
from analysis.bootstrap import interval, resampled_means
from analysis.drawing.panels import in_pages, label_rows, not_evaluable, row_of_panels
from analysis.drawing.style import DASHED, FULL_WIDTH, GREY, INK, intervals, key, looks
from analysis.names import short

CHECKS = {
    "erase": "erased: drop in probability",
    "swap": "swapped: drop in probability",
    "heat": "saliency: share beyond null",
}
METRICS = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "calibration_in_the_large": "calibration",
    "brier": "Brier score",
}
STEP = 0.068  # inches between architectures
GAP = 1.2  # steps between regions or groups
LEGEND = 7  # columns of a legend
PAGE = 11  # inches: height of a page of the PDF


def n_pages(bias: pd.DataFrame, architectures: list[str]) -> int:
    """Return the number of pages of the PDF of `effects`: one, or one for each check."""
    return 1 if _height(list(CHECKS), _regions(bias), architectures) <= PAGE else len(CHECKS)


def effects(bias: pd.DataFrame, architectures: list[str], protocols: list[str]) -> tuple[Figure, list[Figure]]:
    """Effects of tables/bias.csv with intervals, by check (rows), protocol (columns), region and architecture.

    Filled markers: flagged. Dashed lines: the least effect that matters. Returns one long figure, and the pages.
    """
    a_page = len(CHECKS) // n_pages(bias, architectures)
    return in_pages(lambda checks: _effects(bias, checks, architectures, protocols), list(CHECKS), a_page)


def _regions(bias: pd.DataFrame) -> list[str]:
    known = set(bias.loc[bias["check"].isin(CHECKS) & bias["effect"].notna(), "region_or_group"])
    return [region for region in (*UNWANTED, LESION) if region in known] or [LESION]


def _height(checks: list[str], regions: list[str], architectures: list[str]) -> float:
    return len(checks) * (STEP * (len(architectures) + GAP) * len(regions) + 0.5) + 0.6


def _effects(bias: pd.DataFrame, checks: list[str], architectures: list[str], protocols: list[str]) -> Figure:
    regions, pitch = _regions(bias), len(architectures) + GAP
    shape, size = (len(checks), len(protocols)), (FULL_WIDTH, _height(checks, regions, architectures))
    figure, grid = plt.subplots(*shape, figsize=size, squeeze=False, sharey=True, sharex="row", layout="constrained")
    for row, check in zip(grid, checks, strict=True):
        for axes, protocol in zip(row, protocols, strict=True):
            own = bias[(bias["check"] == check) & (bias["protocol"] == protocol)]
            _points(axes, own.rename(columns={"region_or_group": "place"}), regions, architectures)
            limits = [_matters(check, region) for region in regions]
            starts = np.arange(len(regions)) * pitch - 1.1
            axes.vlines(limits, starts, starts + pitch, color=INK, linewidth=0.7, linestyle=DASHED)
            axes.set_xlabel(CHECKS[check])
            axes.set_title(protocol if check == checks[0] else "")
    _legends(figure, architectures, {"threshold": key(linestyle=DASHED, linewidth=0.7)})
    return figure


def _matters(check: str, region: str) -> float:
    if region == LESION:
        return (thresholds.BLIND if check == "heat" else thresholds.IGNORED).matters
    return (thresholds.HEAT if check == "heat" else thresholds.PROBABILITY).matters


def groups(table: pd.DataFrame, bias: pd.DataFrame, architectures: list[str]) -> Figure:
    """Differences between each group and all others, a panel for each metric.

    `table` and `bias` hold the rows of one protocol of tables/groups.csv and bias.csv. Filled markers: flagged.
    """
    known = table[table["architecture"].isin(architectures) & table["ci_low"].notna()]
    name = known["factor"] + " " + known["group"]
    known = known.assign(
        place=name.where(known["metric"] != SPREAD, "patients (spread)"),
        panel=known["metric"].replace(SPREAD, "accuracy"),
        region_or_group=name + ": " + known["metric"],
    )
    verdicts = bias.loc[bias["check"] == "groups", ["architecture", "region_or_group", "verdict"]]
    known = known.merge(verdicts, "left", ["architecture", "region_or_group"])
    metrics = [metric for metric in METRICS if metric in set(known["panel"])]
    names = list(known["place"].unique())
    if not metrics:
        return not_evaluable("no group is evaluable")
    figure, panels = row_of_panels(len(metrics), STEP * (len(architectures) + GAP) * len(names) + 1.05)
    for axes, metric in zip(panels, metrics, strict=True):
        own = known[known["panel"] == metric].rename(columns={"difference": "effect"})
        _points(axes, own, names, architectures)
        axes.set_title(METRICS[metric])
    figure.supxlabel("a group minus all others", fontsize=8, color=INK)
    _legends(figure, architectures, {})
    return figure


def _points(axes: Axes, table: pd.DataFrame, places: list[str], architectures: list[str]) -> None:
    """Draw effects and intervals of `table`: at each of `places`, a line for each architecture."""
    pitch = len(architectures) + GAP
    known = table[table["place"].isin(places) & table["effect"].notna()]
    for number, (name, look) in enumerate(looks(architectures).items()):
        own = known[known["architecture"] == name]
        y = np.array([places.index(place) * pitch + number for place in own["place"]])
        flagged = (own["verdict"] == thresholds.FLAGGED).to_numpy(bool)
        intervals(axes, y, own["effect"], own["ci_low"], own["ci_high"], look, flagged, size=3.2, width=0.9)
    label_rows(axes, places, np.arange(len(places)) * pitch + (len(architectures) - 1) / 2)
    axes.set_ylim(len(places) * pitch - GAP, -1)
    axes.axvline(0, color=INK, linewidth=0.6, zorder=1)


def randomisation(
    sanity: pd.DataFrame,
    probes: pd.DataFrame,
    architectures: list[str],
    protocols: list[str],
    resamples: int,
    seed: int,
) -> Figure:
    """Mean correlation of saliency maps before and after layers are randomised, from tables/sanity.csv.

    The 95% intervals are percentile bootstraps over the patients of `probes`, tables/probes.csv, or over sources if a
    patient is unknown.
    """
    unit = "patient" if probes["patient"].notna().all() else "source"
    rows = sanity[(sanity["check"] == "randomisation") & sanity["value"].notna()]
    rows = rows.assign(share=rows["step"].str.rstrip("%").astype(float))
    rows = rows.merge(probes[["protocol", "probe", unit]], on=["protocol", "probe"], validate="m:1")
    height = 2.2 + 0.15 * math.ceil((len(architectures) + 1) / LEGEND)
    figure, panels = row_of_panels(len(protocols), height)
    for axes, protocol in zip(panels, protocols, strict=True):
        for place, (name, look) in enumerate(looks(architectures).items()):
            own = rows[(rows["protocol"] == protocol) & (rows["architecture"] == name)]
            apart = 11 * (place - (len(architectures) - 1) / 2) / max(6, len(architectures))
            _cascade(axes, own.rename(columns={unit: "unit"}), look, apart, resamples, seed)
        silent = sorted(set(architectures) - set(rows.loc[rows["protocol"] == protocol, "architecture"]))
        if silent:
            text = f"not evaluable: {', '.join(map(short, silent))}"
            axes.text(0.02, 0.02, text, transform=axes.transAxes, fontsize=6, color=GREY, wrap=True)
        limit = thresholds.LIKENESS["randomisation"]
        axes.axhline(limit, color=INK, linewidth=0.7, linestyle=DASHED)
        axes.set(xlim=(-7, 107), xlabel="layers re-initialised (%)", xticks=[0, 25, 50, 75, 100])
        axes.grid(axis="y")
        axes.set_title(protocol)
    panels[0].set(ylim=(min(-0.3, panels[0].get_ylim()[0]), 1.05), ylabel="correlation with the map")
    figure.legend(
        handles=[*_handles(architectures), key(linestyle=DASHED, linewidth=0.7, label="limit")],
        loc="outside upper left", ncols=LEGEND, handletextpad=0.4,
    )  # fmt: skip
    return figure


def _cascade(axes: Axes, rows: pd.DataFrame, look: tuple[str, str], apart: float, resamples: int, seed: int) -> None:
    """Draw the correlations of one model, `apart` from their x so that no interval is hidden."""
    colour, marker = look
    places, means = [0.0], [1.0]  # no layer re-initialised: the same map
    for share, own in rows.groupby("share"):
        units = own["unit"].astype(str)
        around = interval(resampled_means(own["value"], units, resamples, seed), units.nunique(), "unit")
        axes.vlines(share + apart, around.low, around.high, color=colour, linewidth=0.9, alpha=0.7)
        places.append(share + apart)
        means.append(own["value"].mean())
    if len(rows):
        axes.plot(places, means, color=colour, marker=marker, markersize=3.5, linewidth=0.9)


def _handles(architectures: list[str]) -> list[Line2D]:
    return [
        key(marker, size=4, color=colour, markerfacecolor=colour, linestyle="-", linewidth=1, label=short(name))
        for name, (colour, marker) in looks(architectures).items()
    ]


def _legends(figure: Figure, architectures: list[str], more: dict) -> None:
    figure.legend(handles=_handles(architectures), loc="outside upper left", ncols=LEGEND, handletextpad=0.4)
    line: dict[str, Any] = {"size": 3.5, "linestyle": "-", "linewidth": 0.9}
    marks = {"flagged (95% CI)": key("o", **line), "not flagged": key("o", filled=False, **line)} | more
    figure.legend(marks.values(), marks, loc="outside lower left", ncols=3, handletextpad=0.4)
