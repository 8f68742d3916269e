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
from analysis.names import named
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
from reports.wording import MISSING, p_value, units
from reports.words import Words

WORDS = Words("bias")
UNWANTED = "labels, border, corners, background, pectoral muscle"


def _with_nulls(nulls: dict[str, float]) -> str:
    return "; ".join(f"{TITLES[check]} (null {null})" for check, null in nulls.items())


# (checks in words, their rule)
RULES = [
    (f"erase, blur, swap ({UNWANTED}), lesion moved, orientation, contrast", thresholds.PROBABILITY),
    ("film label alone", thresholds.ALONE),
    (f"{TITLES['heat']}, {TITLES['pointing']} ({UNWANTED})", thresholds.HEAT),
    ("erase, blur, swap (lesion)", thresholds.IGNORED),
    (f"{TITLES['heat']}, {TITLES['pointing']} (lesion)", thresholds.BLIND),
    ("groups", thresholds.GROUP),
    (_with_nulls(thresholds.LIKENESS), thresholds.LIMIT),
    (_with_nulls(thresholds.AGREEMENT), thresholds.LEAST),
    ("deletion, insertion", thresholds.ORDER),
]


def bias(results: Results) -> Iterator[Section]:
    """Sections on bias checks."""
    yield Section("bias", WORDS.text("title"), list(_verdicts(results)))
    yield Section("bias-rules", WORDS.text("rules_title"), _rules(), level=2)
    yield Section("bias-groups", WORDS.text("groups_title"), list(_groups(results)), level=2)


def evidence(results: Results) -> Iterator[Section]:
    """Section with the pictures behind the verdicts."""
    yield Section("bias-evidence", WORDS.text("evidence_title"), [*_pictures(results), *_details(results)])


def calibrated(results: Results) -> Iterator[Section]:
    """Section on the accuracy of the checks."""
    yield Section("bias-calibration", WORDS.text("calibration_title"), list(calibration()))


def _verdicts(results: Results) -> Iterator[Block]:
    table = results.table("bias")
    others = [(one.title, summary(one.function).rstrip(".")) for one in CHECKS.values()]
    yield Paragraph(WORDS.text("questions", others=others))
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
        picked("meaning of a flag", lambda row: KINDS[row["family"]], "left"),
        column("checks", lambda rows: str(len(rows))),
        *(flags("before", "verdict_uncorrected"), flags("after", "verdict")),
    ]
    rows = (own for _, own in tested.groupby("family", sort=False))
    return make_table("bias-families", WORDS.text("families_caption"), columns, rows, ["bias"])


def _details(results: Results) -> Iterator[Block]:
    table = results.table("bias")
    unit = unit_of(results.table("probes"))
    others = table["check"] != GROUPS
    flagged = table["verdict"] == FLAGGED
    yield _rows("bias-flagged", WORDS.text("flagged_caption", unit=unit), table[others & flagged], unit)
    yield _rows("bias-rows", WORDS.text("others_caption"), table[~flagged], unit)
    yield _changes(results)


def _probes_text(results: Results) -> str:
    probes = results.table("probes")
    counts = []
    for protocol in results.protocols:
        own = where(probes, protocol=protocol)
        patients = own["patient"].nunique() if own["patient"].notna().all() else None
        about = {"probes": len(own), "patients": patients, "shown": int(own["shown"].sum())}
        counts.append(WORDS.text("probes_under", protocol=protocol, **about))
    return WORDS.text("probes", counts=counts, examined=EXAMINED, unseen=UNSEEN)


def _matrix(results: Results, protocol: str, *, folded: bool) -> Table:
    own = where(results.table("bias"), protocol=protocol)
    columns = [picked("check", lambda row: TITLES[row["check"]], "left")]
    columns += [column(named(name), _verdict, "narrow", architecture=name) for name in results.architectures]
    rows = (where(own, check=check) for check in TITLES)
    caption = WORDS.text("matrix_caption", protocol=protocol)
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
    minima = {"minimum": thresholds.MINIMUM, "minimum_groups": thresholds.GROUP.minimum}
    about = Paragraph(WORDS.text("rules", q=thresholds.FALSE_DISCOVERIES, **minima))
    columns = [
        column("checks", lambda pair: pair[0], "wrap"),
        column("flags", lambda pair: WORDS.text("flags_if", rule=pair[1]), "phrase"),
        column("clears", lambda pair: WORDS.text("clears_if", rule=pair[1]), "phrase"),
        column("why", lambda pair: pair[1].reason, "wrap"),
    ]
    return [about, make_table("bias-rules", WORDS.text("rules_caption"), columns, _all_rules(), [])]


def _all_rules() -> list[tuple[str, Rule]]:
    """Return RULES with the checks of analysis/bias/bias_checks.py; rules of their own come last."""
    titles: dict[Rule, list[str]] = {}
    for one in CHECKS.values():
        titles.setdefault(one.rule, []).append(one.title)
    rules = [("; ".join([words, *titles.pop(rule, [])]), rule) for words, rule in RULES]
    rules += [("; ".join(words), rule) for rule, words in titles.items()]
    null = f" (null {thresholds.CONFIDENCE})"
    return [(f"{words}{null}" if rule is thresholds.LIMIT else words, rule) for words, rule in rules]


def anchor(evidence: str) -> str:
    """Return the anchor of the figure at `evidence`, a path below results/<study>."""
    return f"figure-{PurePosixPath(evidence).stem}"


def _pictures(results: Results) -> Iterator[Block]:
    """Yield the figures of effects, randomised weights, and every architecture's maps and changed films."""
    n_pages = figures_bias_effects.n_pages(results.table("bias"), results.architectures)
    yield figure("bias_effects", WORDS.text("effects_caption"), WORDS.text("effects_alt"), "bias", pages=n_pages)
    yield figure("bias_sanity", WORDS.text("sanity_caption"), WORDS.text("sanity_alt"), "sanity")
    pages = figures_bias.n_pages(len(results.protocols))
    for name in results.architectures:
        for stem, sources in (("maps", ("gradcam", "heat", "sanity")), ("changes", ("interventions",))):
            caption, alt = (WORDS.text(f"{stem}_{end}", name=name) for end in ("caption", "alt"))
            yield figure(f"bias_{stem}_{name}", caption, alt, *sources, pages=pages)


def _changes(results: Results) -> Table:
    """Table of the mean effect of every change of the films on the answers."""
    columns = [
        *(PROTOCOL, ARCHITECTURE, text("region or state", "region"), text("change", "edit")),
        column("probes", lambda row: Cell(str(row["n_probes"]), units(row["n_units"], row["unit"]))),
        *(value("drop", "change"), value("elsewhere", "control_change")),
        *(value("flips"), value("elsewhere", "control_flips"), measured("more flips", "flips_more", missing=MISSING)),
    ]
    rows = results.table("changes")
    return make_table("changes", WORDS.text("drops_caption"), columns, rows, grouped=True, folded=True, printed=False)


def _groups(results: Results) -> Iterator[Block]:
    """Yield the blocks on differences between groups."""
    judged = where(results.table("bias"), check=GROUPS)
    flagged = where(judged, verdict=FLAGGED)
    yield Paragraph(WORDS.text("groups"))
    yield Paragraph(" ".join(_groups_sentences(judged, results.protocols)))
    for protocol in results.protocols:
        caption, alt = (WORDS.text(f"groups_figure_{end}", protocol=protocol) for end in ("caption", "alt"))
        yield figure(f"bias_groups_{protocol}", caption, alt, "groups", "bias")
    if len(flagged):
        columns = [
            *(PROTOCOL, text("group and metric", "region_or_group"), ARCHITECTURE),
            *(measured("difference", "effect"), value("all others", "null")),
            column("units", lambda row: str(int(row["n"]))),
        ]
        rows = flagged.sort_values(["protocol", "region_or_group"], kind="stable")
        about = {"grouped": True, "folded": True, "printed": False}
        yield make_table("groups", WORDS.text("groups_table_caption"), columns, rows, ["groups", "bias"], **about)


def _groups_sentences(judged: pd.DataFrame, protocols: list[str]) -> Iterator[str]:
    for protocol in protocols:
        rows = where(judged, protocol=protocol)
        own = where(rows, verdict=FLAGGED)
        counts = own.groupby("region_or_group")["architecture"].nunique().sort_values(ascending=False, kind="stable")
        most = list(counts.head(3).items())
        yield WORDS.text("group_flags", protocol=protocol, flags=len(own), most=most, left=without_skill(rows))
