"""Location of the saliency: share of the heat in the breast and in the lesion, less the share expected by chance."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from analysis.drawing.panels import label_rows, not_evaluable
from analysis.drawing.style import FULL_WIDTH, GREY, INK, intervals, key, looks
from analysis.explanations.gradcam_summary import REGIONS

ROW = 0.16  # inches
PALE = 0.35  # opacity of the spread of the probes
MIDDLE = (0.05, 0.95)  # quantiles of the probes at the ends of the spread


def shares(summary: pd.DataFrame, answers: pd.DataFrame, architectures: list[str], protocols: list[str]) -> Figure:
    """Mean share of the heat in a region less the region's share of the image, with a 95% interval.

    `summary` is tables/gradcam_summary.csv, `answers` tables/gradcam.csv. A panel for each region and protocol, a row
    for each architecture, and a pale line for the middle 90% of the probes.
    """
    style = looks(architectures)
    regions = [region for region in REGIONS if (summary["region"].eq(region) & summary["difference"].notna()).any()]
    if not regions:
        return not_evaluable()
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
            label_rows(axes, list(style))
            axes.set_title(protocol if region == regions[0] else "")
    handles = {
        "mean over probes (95 % interval)": key("o", linestyle="-", linewidth=1.4),
        "middle 90 % of the probes": Line2D([], [], color=INK, linewidth=4.5, alpha=PALE),
    }
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2)
    return figure
