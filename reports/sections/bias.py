"""Sections on the bias checks: questions, films, verdicts, rules, pictures, and groups."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import pandas as pd

from analysis.bias import thresholds
from analysis.bias.bias_checks import CHECKS, GROUPS, TITLES
from analysis.bias.thresholds import FLAGGED, NOT_EVALUABLE, Rule
from analysis.explanations.explain import EXAMINED, UNSEEN
from analysis.figures import bias as figures_bias
from analysis.figures import bias_effects as figures_bias_effects
from benchmarks.protocols import NOT_HONEST, PUBLISHED, unit_of
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table, figure
from reports.results import Results, main_honest, where
from reports.sections.calibration import calibration
from reports.sections.scores import summary
from reports.tables import ARCHITECTURE, PROTOCOL, Declared, column, make_table, measured, picked, text, value
from reports.verdicts import (
    KINDS,
    ORDER,
    claim_sentence,
    correction_sentence,
    counts_sentence,
    flags_sentence,
    short_region,
    strongest,
    unskilled,
    without_skill,
)
from reports.wording import MISSING, WORDS, listed, p_value, plural, units

UNWANTED = "labels, border, corners, background, pectoral muscle"


def _with_nulls(nulls: dict[str, float]) -> str:
    return "; ".join(f"{TITLES[check]} (null {null})" for check, null in nulls.items())


# (checks in words, their rule)
RULES = [
    (f"erase, blur, swap ({UNWANTED}), lesion moved, orientation, contrast", thresholds.PROBABILITY),
    ("film label alone", thresholds.ALONE),
    (f"share of the heat, hottest pixel ({UNWANTED})", thresholds.HEAT),
    ("erase, blur, swap (lesion)", thresholds.IGNORED),
    ("share of the heat, hottest pixel (lesion)", thresholds.BLIND),
    ("groups", thresholds.GROUP),
    (_with_nulls(thresholds.LIKENESS), thresholds.LIMIT),
    (_with_nulls(thresholds.AGREEMENT), thresholds.LEAST),
    ("deletion, insertion", thresholds.ORDER),
]


def bias(results: Results) -> Iterator[Section]:
    """Sections on bias checks."""
    yield Section("bias", "Bias checks", list(_verdicts(results)))
    yield Section("bias-rules", "When a check flags", _rules(), level=2)
    yield Section("bias-groups", "Groups", list(_groups(results)), level=2)


def evidence(results: Results) -> Iterator[Section]:
    """Section with the pictures behind the verdicts."""
    yield Section("bias-evidence", "Evidence of the bias checks", [*_pictures(results), *_details(results)])


def calibrated(results: Results) -> Iterator[Section]:
    """Section on the accuracy of the checks."""
    yield Section("bias-calibration", "Calibration of the bias checks", list(calibration()))


def _verdicts(results: Results) -> Iterator[Block]:
    table = results.table("bias")
    others = [f"{one.title} ({summary(one.function).rstrip('.')})" for one in CHECKS.values()]
    yield Paragraph(WORDS["bias"] + (f" Further checks: {'; '.join(others)}." if others else ""))
    yield Paragraph(_probes_text(results))
    if PUBLISHED in results.protocols:
        yield Paragraph(claim_sentence(table))
    yield Paragraph(f"{counts_sentence(table, results.protocols)} {correction_sentence(table)}".strip())
    yield _families(table)
    unit = unit_of(results.table("probes"))
    both = [(flags_sentence(table, protocol), strongest(table, protocol, unit)) for protocol in results.protocols]
    yield Bullets([" ".join(filter(None, sentences)) for sentences in both])
    # The main protocols come first, and are open.
    first = [name for name in (main_honest(results.protocols), *NOT_HONEST) if name in results.protocols]
    for protocol in [*first, *(name for name in results.protocols if name not in first)]:
        yield _matrix(results, protocol, folded=protocol not in first)


def _families(bias: pd.DataFrame) -> Table:
    """Table of the flags of each family before and after correction."""
    tested = bias[bias["q"].notna()]

    def flags(when: str, verdicts: str) -> Declared:
        return column(f"flags {when} correction", lambda rows: str((rows[verdicts] == FLAGGED).sum()))

    columns = [
        picked("family: the model", lambda row: KINDS[row["family"]][0], "left"),
        column("checks", lambda rows: str(len(rows))),
        *(flags("before", "verdict_uncorrected"), flags("after", "verdict")),
    ]
    caption = "Flags of all models in each family of checks, before and after Benjamini-Hochberg correction."
    rows = (own for _, own in tested.groupby("family", sort=False))
    return make_table("bias-families", caption, columns, rows, ["bias"])


def _details(results: Results) -> Iterator[Block]:
    table = results.table("bias")
    unit = unit_of(results.table("probes"))
    others = table["check"] != GROUPS
    flagged = table["verdict"] == FLAGGED
    caption = (
        f"Every flag but those of groups, with the effect (estimate less null), its 95 % interval over {unit}s, and n, "
        f"the number of {unit}s (for other cells: of films)."
    )
    yield _rows("bias-flagged", caption, table[others & flagged], unit)
    yield _rows("bias-rows", "Every other verdict, those of groups included.", table[~flagged], unit)
    yield _changes(results)


def _probes_text(results: Results) -> str:
    probes = results.table("probes")
    counts = []
    for protocol in results.protocols:
        own = where(probes, protocol=protocol)
        patients = f" of {plural(own['patient'].nunique(), 'patient')}" if own["patient"].notna().all() else ""
        counts.append(f"{plural(len(own), 'probe')}{patients} under {protocol} ({int(own['shown'].sum())} shown)")
    return (
        "Films: the same probes for every architecture. Of every fold's test part, samples are drawn by the study's "
        "seed, no two of one source; a probe is explained by the cell of its own fold, which has neither trained nor "
        f"validated on it. That makes {listed(counts)}. Random weights, other classes and methods, deletion and "
        f"insertion use up to {EXAMINED} probes of fold 0. Made from the probes are an empty film, a film with "
        "nothing but its label, the breast with its lesion erased, and the lesion pasted elsewhere in it. "
        f"Maps of different cells are compared on {UNSEEN} films that none has seen, phantoms of a seed of their own."
    )


def _matrix(results: Results, protocol: str, *, folded: bool) -> Table:
    own = where(results.table("bias"), protocol=protocol)
    columns = [picked("check", lambda row: TITLES[row["check"]], "left")]
    columns += [column(name, _verdict, "narrow", architecture=name) for name in results.architectures]
    caption = (
        f"{protocol}: verdicts. Flagged if any region or group is, which stand in small print; clear if any is clear "
        "and none flagged. Every verdict leads to its pictures."
    )
    rows = (where(own, check=check) for check in TITLES)
    return make_table(f"bias-{protocol}", caption, columns, rows, ["bias"], folded=folded)


def _verdict(rows: pd.DataFrame) -> Cell:
    """Cell with one verdict for the rows of one check on one architecture; a link to its pictures."""
    if rows.empty:
        return Cell(NOT_EVALUABLE)
    verdict = min(rows["verdict"], key=ORDER.index)
    if reason := unskilled(rows):
        return Cell(verdict, reason, link=anchor(rows["evidence"].iloc[0]))
    flagged = where(rows, verdict=FLAGGED)
    regions = dict.fromkeys(map(short_region, flagged["check"], flagged["region_or_group"]))
    return Cell(verdict, ", ".join(filter(None, regions)), verdict == FLAGGED, anchor(rows["evidence"].iloc[0]))


def _rows(name: str, caption: str, table: pd.DataFrame, unit: str) -> Table:
    columns = [
        *(PROTOCOL, ARCHITECTURE),
        column("check", lambda row: Cell(TITLES[row["check"]], link=anchor(row["evidence"])), "left"),
        *(text("region or group", "region_or_group"), measured("effect", "effect"), value("null")),
        *(column("q", lambda row: p_value(row["q"])), column(f"{unit}s", lambda row: str(int(row["n"])))),
        *(text("verdict"), text("note", align="wrap")),
    ]
    table = table.sort_values(["protocol", "architecture", "check"], key=_order, kind="stable")
    return make_table(name, caption, columns, table, ["bias"], grouped=True, folded=True, printed=False)


def _order(column: pd.Series) -> pd.Series:
    return column.map(list(TITLES).index) if column.name == "check" else column


def _rules() -> list[Block]:
    about = (
        "An effect is an estimate less its null, with a 95 % bootstrap interval over independent units. Between what "
        f"flags and what clears, the data can't tell, nor with fewer than {thresholds.MINIMUM} units, of groups "
        f"{thresholds.GROUP.minimum}: not evaluable. "
        f"A flag also needs a q value below {thresholds.FALSE_DISCOVERIES}. "
        "The limits are the same in every study."
    )
    columns = [
        column("checks", lambda pair: pair[0], "wrap"),
        column("flags", lambda pair: _sides(pair[1])[0], "phrase"),
        column("clears", lambda pair: _sides(pair[1])[1], "phrase"),
        column("why", lambda pair: pair[1].reason, "wrap"),
    ]
    return [Paragraph(about), make_table("bias-rules", "Rules of the bias checks.", columns, _all_rules(), [])]


def _all_rules() -> list[tuple[str, Rule]]:
    """Return RULES with the checks of analysis/bias/bias_checks.py; rules of their own come last."""
    titles: dict[Rule, list[str]] = {}
    for one in CHECKS.values():
        titles.setdefault(one.rule, []).append(one.title)
    rules = [("; ".join([words, *titles.pop(rule, [])]), rule) for words, rule in RULES]
    rules += [("; ".join(words), rule) for rule, words in titles.items()]
    null = f" (null {thresholds.CONFIDENCE})"
    return [(f"{words}{null}" if rule is thresholds.LIMIT else words, rule) for words, rule in rules]


def _sides(rule: Rule) -> tuple[str, str]:
    """Return the words for what flags and for what clears."""
    if rule.high_is_bad:
        least = f", effect at least {rule.matters}" if rule.matters else ""
        return f"interval above 0{least}", f"interval up to {rule.tolerated:g}"
    return f"interval below {rule.matters:g}", f"interval above {rule.tolerated:g}"


def anchor(evidence: str) -> str:
    """Return the anchor of the figure at `evidence`, a path below results/<study>."""
    return f"figure-{PurePosixPath(evidence).stem}"


def _pictures(results: Results) -> Iterator[Block]:
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


def _changes(results: Results) -> Table:
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


def _groups(results: Results) -> Iterator[Block]:
    """Yield the blocks on differences between groups."""
    judged = where(results.table("bias"), check=GROUPS)
    flagged = where(judged, verdict=FLAGGED)
    yield Paragraph(WORDS["groups"])
    yield Paragraph(" ".join(_groups_sentences(judged, results.protocols)))
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


def _groups_sentences(judged: pd.DataFrame, protocols: list[str]) -> Iterator[str]:
    for protocol in protocols:
        rows = where(judged, protocol=protocol)
        left, own = without_skill(rows), where(rows, verdict=FLAGGED)
        if own.empty:
            yield f"Under {protocol}, no group is flagged. {left}".strip()
            continue
        counts = own.groupby("region_or_group")["architecture"].nunique().sort_values(ascending=False, kind="stable")
        most = listed(f"{name} ({n})" for name, n in counts.head(3).items())
        yield (
            f"Under {protocol}, {plural(len(own), 'difference')} {'is' if len(own) == 1 else 'are'} flagged, in most "
            f"architectures {most}. {left}".strip()
        )
