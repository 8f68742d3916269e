"""Sections with a model card of every architecture: description, scores, groups, limits and intended use."""

import dataclasses
import functools
from collections.abc import Iterator

import pandas as pd

from analysis.bias.groups import PATIENT, SPREAD
from analysis.bias.thresholds import CLEAR, FLAGGED
from analysis.scores.scores import BEATS, DOES_NOT_BEAT
from analysis.scores.skill import YES
from analysis.tasks import AUC
from architectures import CORRECTED, describe
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table
from reports.facts import NEVER_SHOWN, copied, n_copied, recipes, size
from reports.results import Results, where
from reports.sections.bias import anchor
from reports.sections.run import tested_elsewhere
from reports.sections.scores import METRICS
from reports.tables import PROTOCOL, Declared, cell_anchor, column, estimate, make_table, picked, tested, value
from reports.verdicts import (
    CHECKS,
    GROUPS,
    IGNORES,
    KINDS,
    UNEQUAL,
    counts_sentence,
    short_region,
    unskilled,
)
from reports.wording import MISSING, NOT_EVALUABLE, WORDS, count, interval, listed, number, plural, span, units

SHOWN = {
    "class8": ("accuracy", "balanced_accuracy", "macro_f1"),
    "severity": (AUC, "sensitivity", "specificity"),
}
OF_GROUPS = ("accuracy", "sensitivity", "specificity")


def model_cards(results: Results) -> Iterator[Section]:
    """Sections with a card of every architecture."""
    yield Section("model-cards", "Model cards", [Paragraph(WORDS["model_cards"])])
    for name in results.architectures:
        yield Section(f"card-{name}", name, list(_card(results, name)), level=2)


def _card(results: Results, name: str) -> Iterator[Block]:
    licence = f"; licence: {results.dataset['licence']}" if results.dataset["licence"] else ""
    data = f"Data: {results.dataset['title']}, {size(results)}{licence}."
    about = [_what(results, name), _trained(results, name), WORDS["intended_use"], data]
    yield Bullets([*about, _limits(results, name), _ethics(results, name)])
    yield _scores(results, name)
    yield _groups(results, name)
    yield _flags(results, name)


def _what(results: Results, name: str) -> str:
    table = where(results.table("cells"), architecture=name)
    table = table[table["protocol"].isin(results.protocols)]
    forms = []
    corrected = f"in corrected form, after {describe(name).reference}"
    for form, words in ((CORRECTED, corrected), (PUBLISHED, "as the published study built it")):
        if len(own := where(table, variant=form)):
            parameters = span(own["parameters"], count)
            forms.append(f"{words} ({listed(own['protocol'].unique())}; {parameters} parameters)")
    side = results.study.size_of(name)
    return (
        f"What it is: a network {listed(forms)}, for grey images of {side} x {side} pixels and "
        f"{len(results.dataset['classes'])} classes."
    )


def _trained(results: Results, name: str) -> str:
    ran = where(pd.DataFrame(results.provenance["cells"]), architecture=name)
    ran = ran[ran["protocol"].isin(results.protocols)]
    weights = results.study.weights_of(name) if results.searched else None
    start = f"from {weights} under {listed(results.searched)}" if weights else "at random"
    low, high = ran["seed"].min(), ran["seed"].max()
    seeds = f"seed {low}" if low == high else f"seeds {low} to {high}"
    how = [listed(sorted(ran[column].unique())) for column in ("backend", "precision")]
    return (
        f"Training, {'; '.join(recipes(results, [name]))}. Weights start {start}. {plural(len(ran), 'cell')}, {seeds}, "
        f"{', '.join(how)}."
    )


def _limits(results: Results, name: str) -> str:
    own = where(results.table("headline"), architecture=name).set_index("protocol").loc[results.protocols]
    verdicts = own["verdict"].map({BEATS: "beaten", DOES_NOT_BEAT: "not beaten"}).fillna(NOT_EVALUABLE)
    against = [f"{word} under {listed(rows.index)}" for word, rows in verdicts.groupby(verdicts, sort=False)]
    told = [f"Always answering the majority class: {', '.join(against)}."]
    without = own.index[own["skill"] != YES]
    if len(without):
        told.append(f"No skill is shown under {listed(without)}: maps and bias checks are not evaluable there.")
    answered = [f"{row['predicted_classes']:.0f} ({protocol})" for protocol, row in own.iterrows()]
    told.append(f"Of {len(results.dataset['classes'])} classes it answers {listed(answered)}.")
    collapsed, n = own["collapsed_cells"].sum(), own["cells"].sum()
    if collapsed:
        told.append(f"{collapsed:.0f} of {plural(int(n), 'cell')} collapsed to one answer for every test image.")
    for protocol in results.leaky:
        if n_copied(results, protocol)[0]:
            told.append(f"Its scores under {protocol} flatter: {copied(results, protocol)}.")
    if not results.honest:
        told.append("Nothing here says what it does on images of new patients.")
    if results.study.repeats == 1:
        told.append("Every cell was trained once, with one seed.")
    return f"Limits: {' '.join(told)} {tested_elsewhere(results)}"


def _ethics(results: Results, name: str) -> str:
    told = ["Ethics: not a medical device; nobody's care may depend on it.", _harm(results, name)]
    if results.dataset["generated"]:
        return " ".join([*told, WORDS["generated"]])
    told.append(
        "The run knows no age, origin or scanner of the patients, so whom it serves worse by these can't be seen."
    )
    if results.dataset["name"] in NEVER_SHOWN:
        told.append(f"It was never shown {NEVER_SHOWN[results.dataset['name']]}.")
    return " ".join(told)


def _harm(results: Results, name: str) -> str:
    """Return the share of images with each harmful error in words."""
    protocol = results.main_protocol
    own = where(results.table("scores"), architecture=name, protocol=protocol, task="severity")
    known = own.set_index("metric")["estimate"].dropna()
    errors = {
        "sensitivity": "miss about {} of 100 malignant images",
        "specificity": "call about {} of 100 benign ones malignant",
    }
    told = [words.format(f"{100 * (1 - known[key]):.0f}") for key, words in errors.items() if key in known.index]
    if not told:
        return "How many cancers it would miss is not evaluable."
    return f"Taken for a diagnosis, it would {listed(told)} (under {protocol}, at a probability of 0.5)."


def _scores(results: Results, name: str) -> Table:
    scores = where(results.table("scores"), architecture=name).set_index(["protocol", "task", "metric"])
    known = set(results.table("scores")["task"])

    def score(task: str, metric: str) -> Declared:
        def cell(row: pd.Series) -> Cell:
            protocol = row["protocol"]
            shown = estimate(*scores.loc[(protocol, task, metric), ["estimate", "ci_low", "ci_high"]])
            first = (task, metric) == ("class8", "accuracy")
            return dataclasses.replace(shown, link=cell_anchor(name, protocol)) if first else shown

        return column(METRICS[metric], cell)

    columns = [
        *(PROTOCOL, column("test images", tested), value("majority class", "majority_accuracy")),
        *(score(task, metric) for task, metrics in SHOWN.items() if task in known for metric in metrics),
    ]
    caption = f"{name}: scores with 95 % intervals, beside the accuracy of always answering the majority class."
    rows = [results.cell("headline", name, protocol) for protocol in results.protocols]
    return make_table(f"card-scores-{name}", caption, columns, rows, ["scores", "headline"])


def _groups(results: Results, name: str) -> Table:
    protocol = results.main_protocol
    own = where(results.table("groups"), architecture=name, protocol=protocol)
    bias = where(results.table("bias"), architecture=name, protocol=protocol, check=GROUPS)
    flagged, evidence = set(where(bias, verdict=FLAGGED)["region_or_group"]), bias["evidence"].iloc[0]
    known = set(own["metric"])
    metrics = [metric for metric in OF_GROUPS if metric in known]

    def cell(metric: str, rows: pd.DataFrame) -> Cell:
        # The first column of the patients holds the spread of their accuracies.
        spread = metric == metrics[0] and rows["factor"].iloc[0] == PATIENT
        found = where(rows, metric=SPREAD if spread else metric)
        return _group(found.iloc[0], evidence, flagged) if len(found) else Cell(MISSING)

    columns = [picked("group", _group_title, "left")]
    columns += [column(metric, functools.partial(cell, metric)) for metric in metrics]
    caption = f"{name} under {protocol}, by group."
    rows = (members for _, members in own.groupby(["factor", "group"], sort=False))
    return make_table(f"card-groups-{name}", caption, columns, rows, ["groups", "bias"])


def _group_title(row: pd.Series) -> str:
    factor, group = row["factor"], row["group"]
    return "patients (spread)" if factor == PATIENT else factor if group == "all" else f"{factor} {group}"


def _group(row: pd.Series, evidence: str, flagged: set[str]) -> Cell:
    note = "" if pd.isna(row["note"]) else row["note"]
    if pd.isna(row["difference"]):
        return Cell(NOT_EVALUABLE, note.rsplit(": ", 1)[-1])
    limits = f"{interval(row['ci_low'], row['ci_high'])}{'*' if note else ''}"
    below = f"{number(row['difference'])}, {limits}; {units(row['n_units'], row['unit'])}"
    strong = f"{row['factor']} {row['group']}: {row['metric']}" in flagged
    return Cell(number(row["value"]), below, strong, anchor(evidence) if strong else "")


def _flags(results: Results, name: str) -> Table:
    # The protocols whose matrices of verdicts are open in the report.
    protocols = [name for name in results.protocols if name in (*results.leaky, results.main_protocol)]
    table = where(results.table("bias"), architecture=name)
    table = table[table["protocol"].isin(protocols)]
    columns = [picked("whether it", lambda row: KINDS[row["family"]][0], "wrap")]
    columns += [column(protocol, _verdict, "wrap", protocol=protocol) for protocol in protocols]
    caption = f"{name}: what the bias checks flag. {counts_sentence(table, protocols)}"
    rows = (where(table, family=family) for family in KINDS)
    return make_table(f"card-bias-{name}", caption, columns, rows, ["bias"])


def _verdict(rows: pd.DataFrame) -> Cell:
    """Cell with one verdict for all checks of a family; a link to pictures of the first check with that verdict."""
    family = rows["family"].iloc[0]
    verdict = next(word for word in (FLAGGED, CLEAR, NOT_EVALUABLE) if (rows["verdict"] == word).any())
    own = where(rows, verdict=verdict)
    places = []
    for check, flagged in own.groupby("check", sort=False) if verdict == FLAGGED else ():
        regions = dict.fromkeys(short_region(check, region) for region in flagged["region_or_group"])
        # The title of the row already names the lesion or the groups.
        place = "" if family == IGNORES else ", ".join(filter(None, regions))
        places.append(place if family == UNEQUAL else f"{CHECKS[check]} ({place})" if place else CHECKS[check])
    below = unskilled(rows) or "; ".join(places)
    return Cell(verdict, below, verdict == FLAGGED, anchor(own["evidence"].iloc[0]))
