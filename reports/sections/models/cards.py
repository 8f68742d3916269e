"""Model cards: of every architecture what it is, how it does and for whom, and what it must not be used for."""

import dataclasses
from collections.abc import Iterator

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.bias.groups import PATIENT, SPREAD
from analysis.bias.thresholds import CLEAR, FLAGGED
from analysis.scores.scores import BEATS, DOES_NOT_BEAT
from architectures import CORRECTED, describe
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Bullets, Cell, Column, Paragraph, Section, Table
from reports.facts import (
    NEVER_SHOWN,
    copied,
    generated,
    main_protocol,
    recipes,
    shared,
    size,
)
from reports.results import Results
from reports.sections.models.bias_evidence import anchor
from reports.sections.run.limits import GENERATED_WARNING, tested_elsewhere
from reports.sections.scores import cells
from reports.sections.scores.scores import METRICS
from reports.verdicts import CHECKS, GROUPS, IGNORES, KINDS, UNEQUAL, counts_sentence, short_region, with_kinds
from reports.wording import MISSING, NOT_EVALUABLE, count, estimate, interval, listed, number, plural, units

INTRODUCTION = (
    "What to know of each network before using it for anything [@mitchell2019]; all numbers stand in other tables of "
    "this report, too. Area under ROC, sensitivity and specificity are those of malignant against benign. Groups are "
    "told under the strictest protocol: each value, below it the difference from all others with its 95 % interval "
    "and the units that count, or why it is not evaluable. Of patients, it is the spread of their accuracy, and how "
    "far that exceeds chance. Bold: flagged. A star: the interval is too short, for all of a group or of the rest "
    "score alike."
)
INTENDED = (
    "Intended use: research on how such networks are evaluated. Not for clinical use, neither alone nor beside a "
    "reader."
)
SHOWN = {
    "class8": ("accuracy", "balanced_accuracy", "macro_f1"),
    "severity": ("roc_auc", "sensitivity", "specificity"),
}
OF_GROUPS = ("accuracy", "sensitivity", "specificity")


def model_cards(results: Results) -> Iterator[Section]:
    """The sections with a card of every architecture."""
    yield Section("model-cards", "Model cards", [Paragraph(INTRODUCTION)])
    for name in results.architectures:
        yield Section(f"card-{name}", name, list(_card(results, name)), level=2)


def _card(results: Results, name: str) -> Iterator[Block]:
    about = [_what(results, name), _trained(results, name), INTENDED, _data(results)]
    yield Bullets([*about, _limits(results, name), _ethics(results, name)])
    yield _scores(results, name)
    yield _groups(results, name)
    yield _flags(results, name)


def _what(results: Results, name: str) -> str:
    table = results.table("cells")
    table = table[(table["architecture"] == name) & table["protocol"].isin(results.protocols)]
    forms = []
    corrected = f"in corrected form, after {describe(name).reference}"
    for form, words in ((CORRECTED, corrected), (PUBLISHED, "as the published study built it")):
        own = table[table["variant"] == form]
        if len(own):
            low, high = count(own["parameters"].min()), count(own["parameters"].max())
            parameters = low if low == high else f"{low} to {high}"
            forms.append(f"{words} ({listed([*own['protocol'].unique()])}; {parameters} parameters)")
    side = results.study.size_of(name)
    return (
        f"What it is: a network {listed(forms)}, for grey images of {side} x {side} pixels and "
        f"{len(results.dataset['classes'])} classes."
    )


def _trained(results: Results, name: str) -> str:
    ran = pd.DataFrame(results.provenance["cells"])
    ran = ran[(ran["architecture"] == name) & ran["protocol"].isin(results.protocols)]
    weights = results.study.weights_of(name) if results.honest else None
    start = f"from {weights} under {listed(results.honest)}" if weights else "at random"
    low, high = ran["seed"].min(), ran["seed"].max()
    seeds = f"seed {low}" if low == high else f"seeds {low} to {high}"
    how = [listed(sorted(ran[column].unique())) for column in ("backend", "precision")]
    return (
        f"Training, {'; '.join(recipes(results, [name]))}. Weights start {start}. {plural(len(ran), 'cell')}, {seeds}, "
        f"{', '.join(how)}."
    )


def _data(results: Results) -> str:
    licence = f"; licence: {results.dataset['licence']}" if results.dataset["licence"] else ""
    return f"Data: {results.dataset['title']}, {size(results)}{licence}."


def _limits(results: Results, name: str) -> str:
    table = results.table("headline")
    own = table[table["architecture"] == name].set_index("protocol").loc[results.protocols]
    told = [_against_majority(own)]
    answered = [f"{row['predicted_classes']:.0f} ({protocol})" for protocol, row in own.iterrows()]
    told.append(f"Of {len(results.dataset['classes'])} classes it answers {listed(answered)}.")
    collapsed, n = own["collapsed_cells"].sum(), own["cells"].sum()
    if collapsed:
        told.append(f"{collapsed:.0f} of {plural(int(n), 'cell')} collapsed to one answer for every test image.")
    if PUBLISHED in results.protocols and shared(results, PUBLISHED, NEAR_DUPLICATE)[0]:
        told.append(f"Its scores under published flatter: {copied(results, PUBLISHED)}.")
    if not results.honest:
        told.append("Nothing here says what it does on images of new patients.")
    if results.study.repeats == 1:
        told.append("Every cell was trained once, with one seed.")
    return f"Limits: {' '.join(told)} {tested_elsewhere(results)}"


def _against_majority(own: pd.DataFrame) -> str:
    words = own["verdict"].map({BEATS: "beaten", DOES_NOT_BEAT: "not beaten"}).fillna(NOT_EVALUABLE)
    told = [f"{word} under {listed(list(rows.index))}" for word, rows in words.groupby(words, sort=False)]
    return f"Always answering the majority class: {', '.join(told)}."


def _ethics(results: Results, name: str) -> str:
    told = ["Ethics: not a medical device; nobody's care may depend on it.", _harm(results, name)]
    if generated(results):
        return " ".join([*told, GENERATED_WARNING])
    told.append(
        "The run knows no age, origin or scanner of the patients, so whom it serves worse by these can't be seen."
    )
    if results.dataset["name"] in NEVER_SHOWN:
        told.append(f"It was never shown {NEVER_SHOWN[results.dataset['name']]}.")
    return " ".join(told)


def _harm(results: Results, name: str) -> str:
    """Whom its errors would hit."""
    protocol = main_protocol(results)
    own = _of(results, "scores", name, protocol)
    own = own[own["task"] == "severity"].set_index("metric")["estimate"].dropna()
    errors = {
        "sensitivity": "miss about {} of 100 malignant images",
        "specificity": "call about {} of 100 benign ones malignant",
    }
    told = [words.format(f"{100 * (1 - own[metric]):.0f}") for metric, words in errors.items() if metric in own.index]
    if not told:
        return "How many cancers it would miss is not evaluable."
    return f"Taken for a diagnosis, it would {listed(told)} (under {protocol}, at a probability of 0.5)."


def _of(results: Results, table: str, name: str, protocol: str) -> pd.DataFrame:
    rows = results.table(table)
    return rows[(rows["architecture"] == name) & (rows["protocol"] == protocol)]


def _scores(results: Results, name: str) -> Table:
    known = set(results.table("scores")["task"])
    shown = [(task, metric) for task, metrics in SHOWN.items() if task in known for metric in metrics]
    rows = []
    for protocol in results.protocols:
        row = results.cell("headline", name, protocol)
        own = _of(results, "scores", name, protocol).set_index(["task", "metric"])
        values = [estimate(*own.loc[pair, ["estimate", "ci_low", "ci_high"]]) for pair in shown]
        values[0] = dataclasses.replace(values[0], link=cells.anchor(name, protocol))
        tested = Cell(count(row["n_samples"]), units(row["n_units"], row["unit"]))
        rows.append([Cell(protocol), tested, Cell(number(row["majority_accuracy"])), *values])
    titles = [Column("protocol", "left"), Column("test images"), Column("majority class")]
    titles += [Column(METRICS[metric]) for _, metric in shown]
    caption = f"{name}: scores with 95 % intervals, beside the accuracy of always answering the majority class."
    return Table(f"table-card-scores-{name}", caption, titles, rows, ["scores", "headline"])


def _groups(results: Results, name: str) -> Table:
    protocol = main_protocol(results)
    own = _of(results, "groups", name, protocol)
    bias = _of(results, "bias", name, protocol)
    bias = bias[bias["check"] == GROUPS]
    flagged, evidence = set(bias.loc[bias["verdict"] == FLAGGED, "region_or_group"]), bias["evidence"].iloc[0]
    metrics = [metric for metric in OF_GROUPS if metric in set(own["metric"])]
    rows = []
    for (factor, group), members in own.groupby(["factor", "group"], sort=False):
        by_metric = members.set_index("metric")
        spread = factor == PATIENT
        shown = [SPREAD, *metrics[1:]] if spread else metrics
        values = [
            _group(by_metric.loc[metric], evidence, f"{factor} {group}: {metric}" in flagged)
            if metric in by_metric.index
            else Cell(MISSING)
            for metric in shown
        ]
        title = "patients (spread)" if spread else factor if group == "all" else f"{factor} {group}"
        rows.append([Cell(title), *values])
    titles = [Column("group", "left"), *(Column(metric) for metric in metrics)]
    caption = f"{name} under {protocol}, by group."
    return Table(f"table-card-groups-{name}", caption, titles, rows, ["groups", "bias"])


def _group(row: pd.Series, evidence: str, flagged: bool) -> Cell:
    note = "" if pd.isna(row["note"]) else row["note"]
    if pd.isna(row["difference"]):
        return Cell(NOT_EVALUABLE, note.rsplit(": ", 1)[-1])
    limits = f"{interval(row['ci_low'], row['ci_high'])}{'*' if note else ''}"
    below = f"{number(row['difference'])}, {limits}; {units(row['n_units'], row['unit'])}"
    return Cell(number(row["value"]), below, flagged, anchor(evidence) if flagged else "")


def _flags(results: Results, name: str) -> Table:
    # The same as the report opens its matrices of verdicts with.
    protocols = [protocol for protocol in results.protocols if protocol in (PUBLISHED, main_protocol(results))]
    table = results.table("bias")
    table = with_kinds(table[(table["architecture"] == name) & table["protocol"].isin(protocols)])
    rows = [
        [Cell(words), *(_verdict(kind, of_kind[of_kind["protocol"] == protocol]) for protocol in protocols)]
        for kind, (words, _) in KINDS.items()
        if len(of_kind := table[table["kind"] == kind])
    ]
    titles = [Column("whether it", "wrap"), *(Column(protocol, "wrap") for protocol in protocols)]
    caption = f"{name}: what the bias checks flag. {counts_sentence(table, protocols)}"
    return Table(f"table-card-bias-{name}", caption, titles, rows, ["bias"])


def _verdict(kind: str, rows: pd.DataFrame) -> Cell:
    """One verdict for all checks of a kind, which leads to the pictures of the first that gave it."""
    verdict = next(word for word in (FLAGGED, CLEAR, NOT_EVALUABLE) if (rows["verdict"] == word).any())
    own = rows[rows["verdict"] == verdict]
    places = []
    for check, flagged in own.groupby("check", sort=False) if verdict == FLAGGED else ():
        regions = dict.fromkeys(short_region(check, region) for region in flagged["region_or_group"])
        # Of lesions and of groups, the row says half of it.
        where = "" if kind == IGNORES else ", ".join(filter(None, regions))
        places.append(where if kind == UNEQUAL else f"{CHECKS[check]} ({where})" if where else CHECKS[check])
    return Cell(verdict, "; ".join(places), verdict == FLAGGED, anchor(own["evidence"].iloc[0]))
