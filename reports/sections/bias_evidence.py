"""Evidence of the bias verdicts: pictures of every architecture, effects, and groups."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import pandas as pd

from analysis.bias.thresholds import FLAGGED
from analysis.figures import bias as figures_bias
from analysis.figures import bias_effects as figures_bias_effects
from reports.document import Block, Cell, Paragraph, Table, figure
from reports.results import Results, where
from reports.tables import ARCHITECTURE, PROTOCOL, column, make_table, measured, text, value
from reports.verdicts import GROUPS
from reports.wording import MISSING, WORDS, listed, plural, units


def anchor(evidence: str) -> str:
    """Return the anchor of the figure at `evidence`, a path below results/<study>."""
    return f"figure-{PurePosixPath(evidence).stem}"


def pictures(results: Results) -> Iterator[Block]:
    """Yield the figures of effects, randomised weights, and every architecture's maps and changed films."""
    yield figure(
        "bias_effects",
        "Effects of erasing and swapping regions, and heat in them, each less its null, with 95 % intervals. Filled: "
        "flagged. Dashed: what an effect must reach to matter; of the lesion, what it must stay below to be flagged.",
        "Effects of every region check by protocol and architecture",
        "bias",
        pages=figures_bias_effects.n_pages(results.table("bias"), results.architectures),
    )
    yield figure(
        "bias_sanity",
        "Random weights: correlation of a map with that of the same model with its layers drawn anew from the top, "
        "mean over probes with its 95 % interval [@adebayo2018]. Above the dashed line with all layers anew: the map "
        "is of the image.",
        "Correlation of maps with those of models with random weights",
        "sanity",
    )
    pages = figures_bias.n_pages(len(results.protocols))
    for name in results.architectures:
        maps = "films with their regions, and maps of the class answered, by three methods and with random weights."
        alt = f"Films, regions and maps of {name}"
        yield figure(f"bias_maps_{name}", f"{name}: {maps}", alt, "gradcam", "heat", "sanity", pages=pages)
        changed = "films as they are and changed, with the change in the probability of the class answered."
        alt = f"Changed films and answers of {name}"
        yield figure(f"bias_changes_{name}", f"{name}: {changed}", alt, "interventions", pages=pages)


def changes(results: Results) -> Table:
    """Table of the mean effect of every change of the films on the answers."""
    columns = [
        *(PROTOCOL, ARCHITECTURE, text("region or state", "region"), text("change", "edit")),
        column("probes", lambda row: Cell(str(row["n_probes"]), units(row["n_units"], row["unit"]))),
        *(value("drop", "change"), value("elsewhere", "control_change")),
        *(value("flips"), value("elsewhere", "control_flips"), measured("more flips", "flips_more", missing=MISSING)),
    ]
    caption = (
        "Mean drop in the probability of the class answered, and share of answers that flip, for every change of the "
        "films and for the same change elsewhere (a dash: there is no such thing), with the 95 % interval of the "
        "difference in flips."
    )
    rows = results.table("changes")
    return make_table("changes", caption, columns, rows, grouped=True, folded=True, printed=False)


def groups(results: Results) -> Iterator[Block]:
    """Yield the blocks on differences between groups."""
    flagged = where(results.table("bias"), check=GROUPS, verdict=FLAGGED)
    yield Paragraph(WORDS["groups"])
    yield Paragraph(" ".join(_sentences(flagged, results.protocols)))
    for protocol in results.protocols:
        caption = f"{protocol}: each group less all others, with 95 % intervals. Filled: flagged."
        alt = f"Differences between groups under {protocol}"
        yield figure(f"bias_groups_{protocol}", caption, alt, "groups", "bias")
    if len(flagged):
        columns = [
            *(PROTOCOL, text("group and metric", "region_or_group"), ARCHITECTURE),
            *(measured("difference", "effect"), value("all others", "null")),
            column("units", lambda row: str(int(row["n"]))),
        ]
        rows = flagged.sort_values(["protocol", "region_or_group"], kind="stable")
        about = {"grouped": True, "folded": True, "printed": False}
        yield make_table("groups", "Groups flagged.", columns, rows, ["groups", "bias"], **about)


def _sentences(flagged: pd.DataFrame, protocols: list[str]) -> Iterator[str]:
    for protocol in protocols:
        own = where(flagged, protocol=protocol)
        if own.empty:
            yield f"Under {protocol}, no group is flagged."
            continue
        counts = own.groupby("region_or_group")["architecture"].nunique().sort_values(ascending=False, kind="stable")
        most = listed(f"{name} ({n})" for name, n in counts.head(3).items())
        yield (
            f"Under {protocol}, {plural(len(own), 'difference')} {'is' if len(own) == 1 else 'are'} flagged, in most "
            f"architectures {most}."
        )
