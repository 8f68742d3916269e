"""What the verdicts on bias lead to: pictures of every architecture, effects, and groups."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import pandas as pd

from analysis.bias.thresholds import FLAGGED
from analysis.figures import bias as figures_bias
from analysis.figures import bias_effects as figures_bias_effects
from reports.document import Block, Cell, Column, Figures, Paragraph, Picture, Table
from reports.results import Results
from reports.verdicts import GROUPS
from reports.wording import MISSING, estimate, listed, number, plural, units


def anchor(evidence: str) -> str:
    """The anchor of the figure that a verdict's `evidence` names, a path below results/<study>."""
    return f"figure-{PurePosixPath(evidence).stem}"


def pictures(results: Results) -> Iterator[Block]:
    """Effects, randomised weights, and every architecture's maps and changed films."""
    yield _figure(
        "bias_effects",
        "Effects of erasing and swapping regions, and heat in them, each less its null, with 95 % intervals. Filled: "
        "flagged. Dashed: what an effect must reach to matter; of the lesion, what it must stay below to be flagged.",
        "Effects of every region check by protocol and architecture",
        ["bias"],
        figures_bias_effects.n_pages(results.table("bias"), results.architectures),
    )
    yield _figure(
        "bias_sanity",
        "Random weights: correlation of a map with that of the same model with its layers drawn anew from the top, "
        "mean over probes with its 95 % interval [@adebayo2018]. Above the dashed line with all layers anew: the map "
        "is of the image.",
        "Correlation of maps with those of models with random weights",
        ["sanity"],
    )
    for name in results.architectures:
        yield _figure(
            f"bias_maps_{name}",
            f"{name}: films with their regions, and maps of the class answered, by three methods and with random "
            "weights.",
            f"Films, regions and maps of {name}",
            ["gradcam", "heat", "sanity"],
            figures_bias.n_pages(len(results.protocols)),
        )
        yield _figure(
            f"bias_changes_{name}",
            f"{name}: films as they are and changed, with the change in the probability of the class answered.",
            f"Changed films and answers of {name}",
            ["interventions"],
            figures_bias.n_pages(len(results.protocols)),
        )


def changes(results: Results) -> Table:
    """What every change of the films does to the answers, on average."""
    rows = []
    for row in results.table("changes").itertuples():
        shares = (number(row.change), number(row.control_change), number(row.flips), number(row.control_flips))
        more = Cell(MISSING) if pd.isna(row.flips_more) else estimate(row.flips_more, row.ci_low, row.ci_high)
        of = Cell(str(row.n_probes), units(row.n_units, row.unit))
        rows.append([*(Cell(text) for text in (row.protocol, row.architecture, row.region, row.edit)), of])
        rows[-1] += [*(Cell(text) for text in shares), more]
    titles = [Column(title, "left") for title in ("protocol", "architecture", "region or state", "change")]
    titles += [Column(title) for title in ("probes", "drop", "elsewhere", "flips", "elsewhere", "more flips")]
    caption = (
        "Mean drop in the probability of the class answered, and share of answers that flip, for every change of the "
        "films and for the same change elsewhere (a dash: there is no such thing), with the 95 % interval of the "
        "difference in flips."
    )
    return Table("table-changes", caption, titles, rows, ["changes"], grouped=True, folded=True, printed=False)


def groups(results: Results) -> Iterator[Block]:
    """Whether groups are served unequally."""
    table = results.table("bias")
    table = table[table["check"] == GROUPS]
    flagged = table[table["verdict"] == FLAGGED]
    yield Paragraph(
        "Accuracy, sensitivity, specificity and calibration of each density, view, side and severity less those of "
        "all other samples, and how far the accuracies of patients spread beyond chance. Groups that differ in their "
        "classes may differ in accuracy for that alone: see the majority baseline in groups.csv. Of so many intervals "
        "one in twenty excludes 0 by chance."
    )
    yield Paragraph(" ".join(_sentences(table, results.protocols)))
    for protocol in results.protocols:
        yield _figure(
            f"bias_groups_{protocol}",
            f"{protocol}: each group less all others, with 95 % intervals. Filled: flagged.",
            f"Differences between groups under {protocol}",
            ["groups", "bias"],
        )
    if len(flagged):
        rows = [
            [
                *(Cell(row.protocol), Cell(row.region_or_group), Cell(row.architecture)),
                *(estimate(row.effect, row.ci_low, row.ci_high), Cell(number(row.null)), Cell(str(int(row.n)))),
            ]
            for row in flagged.sort_values(["protocol", "region_or_group"], kind="stable").itertuples()
        ]
        titles = [Column("protocol", "left"), Column("group and metric", "left"), Column("architecture", "left")]
        titles += [Column("difference"), Column("all others"), Column("units")]
        sources = ["groups", "bias"]
        yield Table("table-groups", "Groups flagged.", titles, rows, sources, grouped=True, folded=True, printed=False)


def _sentences(table: pd.DataFrame, protocols: list[str]) -> Iterator[str]:
    for protocol in protocols:
        own = table[(table["protocol"] == protocol) & (table["verdict"] == FLAGGED)]
        if own.empty:
            yield f"Under {protocol}, no group is flagged."
            continue
        counts = own.groupby("region_or_group")["architecture"].nunique().sort_values(ascending=False, kind="stable")
        most = listed([f"{name} ({n})" for name, n in counts.head(3).items()])
        yield (
            f"Under {protocol}, {plural(len(own), 'difference')} {'is' if len(own) == 1 else 'are'} flagged, in most "
            f"architectures {most}."
        )


def _figure(name: str, caption: str, alt: str, sources: list[str], pages: int = 1) -> Figures:
    return Figures(f"figure-{name}", caption, [Picture(name, alt, pages)], sources)
