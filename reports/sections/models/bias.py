"""The bias checks: what is checked, on which films, and the verdicts."""

import inspect
from collections.abc import Iterator

import pandas as pd

from analysis.bias import thresholds
from analysis.bias.bias_checks import CHECKS, GROUPS, TITLES
from analysis.bias.thresholds import FLAGGED, NOT_EVALUABLE, Rule
from analysis.explanations.explain import EXAMINED, UNSEEN
from analysis.predictions import unit_of
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Bullets, Cell, Column, Paragraph, Section, Table
from reports.findings import main_honest
from reports.results import Results
from reports.sections.models.bias_evidence import anchor, changes, groups, pictures
from reports.sections.models.calibration import calibration
from reports.verdicts import claim_sentence, counts_sentence, flags_sentence, short_region, strongest
from reports.wording import estimate, listed, number, plural

WHAT = (
    "Four questions are put to every model. Where is the heat: its share, and the hottest pixel, the pointing game "
    "[@zhang2018], in regions that hold no evidence of a mass and in the lesion, against the area and against maps "
    "that know no model. Is a map about the model: random weights and the map of another class [@adebayo2018], "
    "deletion and insertion [@petsiuk2018], Grad-CAM++ [@chattopadhay2018] and Score-CAM [@wang2020], other cells. "
    "What does the answer lean on: regions erased, blurred or swapped, the lesion moved, films turned, mirrored or "
    "with other contrast, against the same change elsewhere. Are groups served unequally."
)
ORDER = (FLAGGED, thresholds.CLEAR, NOT_EVALUABLE)
UNWANTED = "labels, border, corners, background, pectoral muscle"
RULES = [
    (f"erase, blur, swap ({UNWANTED}), lesion moved, orientation, contrast", thresholds.PROBABILITY),
    ("film label alone", thresholds.ALONE),
    (f"share of the heat, hottest pixel ({UNWANTED})", thresholds.HEAT),
    ("erase, blur, swap (lesion)", thresholds.IGNORED),
    ("share of the heat, hottest pixel (lesion)", thresholds.BLIND),
    ("groups", thresholds.GROUP),
    ("{}", thresholds.LIMIT),
    ("{}", thresholds.LEAST),
    ("deletion, insertion", thresholds.ORDER),
]


def bias(results: Results) -> Iterator[Section]:
    """The sections on bias checks."""
    yield Section("bias", "Bias checks", list(_verdicts(results)))
    yield Section("bias-rules", "When a check flags", _rules(), level=2)
    yield Section("bias-groups", "Groups", list(groups(results)), level=2)


def evidence(results: Results) -> Iterator[Section]:
    """The section with the pictures that the verdicts lead to."""
    yield Section("bias-evidence", "Evidence of the bias checks", [*pictures(results), *_details(results)])


def calibrated(results: Results) -> Iterator[Section]:
    """The section on how far the checks can be trusted."""
    yield Section("bias-calibration", "Calibration of the bias checks", list(calibration()))


def first_sentence(results: Results) -> str:
    """What the verdicts say, for the first page."""
    return flags_sentence(results.table("bias"), main_honest(results.protocols) or PUBLISHED)


def _verdicts(results: Results) -> Iterator[Block]:
    table = results.table("bias")
    yield Paragraph(f"{WHAT}{_others()}")
    yield Paragraph(_probes_text(results))
    if PUBLISHED in results.protocols:
        yield Paragraph(claim_sentence(table))
    yield Paragraph(counts_sentence(table, results.protocols))
    unit = unit_of(results.table("probes"))
    told = [(flags_sentence(table, protocol), strongest(table, protocol, unit)) for protocol in results.protocols]
    yield Bullets([" ".join(filter(None, sentences)) for sentences in told])
    # What matters most comes first, and open.
    first = [name for name in (main_honest(results.protocols), PUBLISHED) if name in results.protocols]
    for protocol in [*first, *(name for name in results.protocols if name not in first)]:
        yield _matrix(results, protocol, folded=protocol not in first)


def _others() -> str:
    """What the checks of analysis/bias/bias_checks.py ask, in their own words."""
    told = [f"{one.title} ({inspect.getdoc(one.function).splitlines()[0].rstrip('.')})" for one in CHECKS.values()]
    return f" Further checks: {'; '.join(told)}." if told else ""


def _details(results: Results) -> Iterator[Block]:
    table = results.table("bias")
    unit = unit_of(results.table("probes"))
    others = table["check"] != GROUPS
    flagged = table["verdict"] == FLAGGED
    caption = (
        f"Every flag but those of groups, with the effect (estimate less null), its 95 % interval over {unit}s, and n, "
        f"the number of {unit}s (for other cells: of films)."
    )
    yield _rows("table-bias-flagged", caption, table[others & flagged], unit, printed=False)
    caption = "Every other verdict, those of groups included."
    yield _rows("table-bias-rows", caption, table[~flagged], unit, printed=False)
    yield changes(results)


def _probes_text(results: Results) -> str:
    probes = results.table("probes")
    counts = []
    for protocol in results.protocols:
        own = probes[probes["protocol"] == protocol]
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
    table = results.table("bias")
    own = table[table["protocol"] == protocol]
    rows = []
    for check, name in TITLES.items():
        of_check = own[own["check"] == check]
        if len(of_check):
            cells = [_verdict(check, of_check[of_check["architecture"] == a]) for a in results.architectures]
            rows.append([Cell(name), *cells])
    titles = [Column("check", "left"), *(Column(name, "narrow") for name in results.architectures)]
    caption = (
        f"{protocol}: verdicts. Flagged if any region or group is, which stand in small print; clear if any is clear "
        "and none flagged. Every verdict leads to its pictures."
    )
    return Table(f"table-bias-{protocol}", caption, titles, rows, ["bias"], folded=folded)


def _verdict(check: str, rows: pd.DataFrame) -> Cell:
    """The verdict of one check on one architecture, from its rows."""
    if rows.empty:
        return Cell(NOT_EVALUABLE)
    verdict = min(rows["verdict"], key=ORDER.index)
    flagged = rows.loc[rows["verdict"] == FLAGGED, "region_or_group"]
    regions = dict.fromkeys(short_region(check, region) for region in flagged)
    return Cell(verdict, ", ".join(filter(None, regions)), verdict == FLAGGED, anchor(rows["evidence"].iloc[0]))


def _rows(anchor_: str, caption: str, table: pd.DataFrame, unit: str, printed: bool = True) -> Table:
    table = table.sort_values(["protocol", "architecture", "check"], key=_order, kind="stable")
    rows = []
    for row in table.itertuples():
        null = Cell(number(row.null))
        effect = estimate(row.effect, row.ci_low, row.ci_high)
        rows.append(
            [
                *(Cell(row.protocol), Cell(row.architecture), Cell(TITLES[row.check], link=anchor(row.evidence))),
                *(Cell(row.region_or_group), effect, null, Cell(str(int(row.n)))),
                *(Cell(row.verdict), Cell("" if pd.isna(row.note) else row.note)),
            ]
        )
    titles = [Column(title, "left") for title in ("protocol", "architecture", "check", "region or group")]
    titles += [Column("effect"), Column("null"), Column(f"{unit}s"), Column("verdict", "left"), Column("note", "wrap")]
    return Table(anchor_, caption, titles, rows, ["bias"], grouped=True, folded=True, printed=printed)


def _order(column: pd.Series) -> pd.Series:
    return column.map(list(TITLES).index) if column.name == "check" else column


def _rules() -> list[Block]:
    limits = {
        thresholds.LIMIT: _limits(thresholds.LIKENESS),
        thresholds.LEAST: _limits(thresholds.AGREEMENT),
    }
    rows = []
    for checks, rule in _with_others(RULES):
        flags, clears = _sides(rule)
        named = checks.format(limits.get(rule, ""))
        named = f"{named} (null {thresholds.CONFIDENCE})" if rule is thresholds.LIMIT else named
        rows.append([Cell(named), Cell(flags), Cell(clears), Cell(rule.reason)])
    text = (
        "An effect is an estimate less its null, with a 95 % bootstrap interval over independent units. Between what "
        f"flags and what clears, the data can't tell, nor with fewer than {thresholds.MINIMUM} units, of groups "
        f"{thresholds.GROUP.minimum}: not evaluable. "
        "The limits are the same in every study."
    )
    titles = [Column("checks", "wrap"), Column("flags", "phrase"), Column("clears", "phrase"), Column("why", "wrap")]
    return [Paragraph(text), Table("table-bias-rules", "Rules of the bias checks.", titles, rows, [])]


def _with_others(rules: list[tuple[str, Rule]]) -> list[tuple[str, Rule]]:
    """The rules with the checks of analysis/bias/bias_checks.py, at the end where no other check has their rule."""
    titles: dict[Rule, list[str]] = {}
    for one in CHECKS.values():
        titles.setdefault(one.rule, []).append(one.title)
    told = [("; ".join([words, *titles.pop(rule, [])]), rule) for words, rule in rules]
    return [*told, *(("; ".join(words), rule) for rule, words in titles.items())]


def _limits(nulls: dict[str, float]) -> str:
    return "; ".join(f"{TITLES[check]} (null {null})" for check, null in nulls.items())


def _sides(rule: Rule) -> tuple[str, str]:
    """What flags and what clears, in words."""
    if rule.high_is_bad:
        least = f", effect at least {rule.matters}" if rule.matters else ""
        return f"interval above 0{least}", f"interval up to {rule.tolerated:g}"
    return f"interval below {rule.matters:g}", f"interval above {rule.tolerated:g}"
