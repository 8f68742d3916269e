"""Figure of where the heat lies: its share in the breast and in the lesion, less what chance would put there."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from analysis.drawing.style import FAINT, FULL_WIDTH, GREY, INK, intervals, key, looks
from analysis.explanations.gradcam_summary import REGIONS

ROW = 0.16  # inches
PALE = 0.35  # opacity of the spread of the probes
MIDDLE = (0.05, 0.95)  # quantiles of the probes between which the spread is drawn


def shares(summary: pd.DataFrame, answers: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Mean share of the heat in a region less the share of the image that it covers, with its 95 % interval.

    `summary` is tables/gradcam_summary.csv, `answers` tables/gradcam.csv. A panel a region and protocol, a row an
    architecture; pale behind it, the middle 90 % of the probes. Right of zero, more heat lies there than by chance.
    """
    style = looks(architectures)
    regions = [region for region in REGIONS if (summary["region"].eq(region) & summary["difference"].notna()).any()]
    if not regions:
        return _nothing()
    size = (FULL_WIDTH, len(regions) * (ROW * len(style) + 0.6) + 0.3)
    figure, grid = plt.subplots(
        len(regions), len(protocols), figsize=size, squeeze=False, sharex="row", sharey=True, layout="constrained"
    )
    for panels, region in zip(grid, regions, strict=True):
        heat, area = REGIONS[region]
        for axes, protocol in zip(panels, protocols, strict=True):
            means = summary[(summary["region"] == region) & (summary["protocol"] == protocol)]
            probes = answers[answers["protocol"] == protocol]
            spread = (probes[heat] - probes[area]).groupby(probes["architecture"]).quantile(MIDDLE).unstack()
            for y, (name, look) in enumerate(style.items()):
                for row in means[(means["architecture"] == name) & means["difference"].notna()].itertuples():
                    axes.hlines(y, *spread.loc[name], color=look[0], linewidth=4.5, alpha=PALE)
                    intervals(axes, y, row.difference, row.ci_low, row.ci_high, look)
                if means.loc[means["architecture"] == name, "difference"].isna().all():
                    axes.text(0, y, "not evaluable", ha="center", va="center", fontsize=6, color=GREY)
            axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set(ylim=(len(style) - 0.4, -0.6), xlabel=f"heat in the {region} less its area")
            axes.set_yticks(np.arange(len(style)), list(style))
            axes.set_title(protocol if region == regions[0] else "", loc="left", weight="bold")
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color=FAINT, linewidth=0.5)
            axes.set_axisbelow(True)
    handles = {
        "mean over probes (95 % interval)": key("o", linestyle="-", linewidth=1.4),
        "middle 90 % of the probes": Line2D([], [], color=INK, linewidth=4.5, alpha=PALE),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2)
    return figure


def _nothing() -> Figure:
    figure, axes = plt.subplots(figsize=(FULL_WIDTH, 0.6))
    axes.text(0.5, 0.5, "not evaluable", ha="center", color=GREY)
    axes.set_axis_off()
    return figure
