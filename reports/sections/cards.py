"""Sections with a model card of every architecture: description, scores, groups, limits and intended use."""

import dataclasses
import functools
from collections.abc import Iterator

import pandas as pd

from analysis.bias.groups import PATIENT, SPREAD
from analysis.bias.thresholds import CLEAR, FLAGGED
from analysis.names import named
from analysis.scores.scores import BEATS, DOES_NOT_BEAT
from analysis.scores.skill import YES
from analysis.tasks import AUC
from architectures import CORRECTED, describe
from benchmarks.protocols import PUBLISHED
from reports.document import Block, Bullets, Cell, Paragraph, Section, Table
from reports.facts import NEVER_SHOWN, copied, generated, n_copied, recipes, size
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
from reports.wording import MISSING, NOT_EVALUABLE, count, interval, number, span, units
from reports.words import Words

WORDS = Words("cards")
SHOWN = {
    "class8": ("accuracy", "balanced_accuracy", "macro_f1"),
    "severity": (AUC, "sensitivity", "specificity"),
}
OF_GROUPS = ("accuracy", "sensitivity", "specificity")


def model_cards(results: Results) -> Iterator[Section]:
    """Sections with a card of every architecture."""
    yield Section("model-cards", WORDS.text("title"), [Paragraph(WORDS.text("about"))])
    for name in results.architectures:
        yield Section(f"card-{name}", named(name), list(_card(results, name)), level=2)


def _card(results: Results, name: str) -> Iterator[Block]:
    about = {key: results.dataset[key] for key in ("title", "licence")}
    data = WORDS.text("data", size=size(results), **about)
    told = [_what(results, name), _trained(results, name), WORDS.text("intended_use"), data]
    yield Bullets([*told, _limits(results, name), _ethics(results, name)])
    yield _scores(results, name)
    yield _groups(results, name)
    yield _flags(results, name)


def _what(results: Results, name: str) -> str:
    table = where(results.table("cells"), architecture=name)
    table = table[table["protocol"].isin(results.protocols)]
    forms = [
        WORDS.text(
            "form",
            corrected=form == CORRECTED,
            reference=describe(name).reference,
            protocols=list(own["protocol"].unique()),
            parameters=span(own["parameters"], count),
        )
        for form in (CORRECTED, PUBLISHED)
        if len(own := where(table, variant=form))
    ]
    side, classes = results.study.size_of(name), len(results.dataset["classes"])
    return WORDS.text("what", forms=forms, side=side, classes=classes)


def _trained(results: Results, name: str) -> str:
    ran = where(pd.DataFrame(results.provenance["cells"]), architecture=name)
    ran = ran[ran["protocol"].isin(results.protocols)]
    return WORDS.text(
        "training",
        recipes=recipes(results, [name]),
        weights=results.study.weights_of(name) if results.searched else "",
        searched=results.searched,
        cells=len(ran),
        first=ran["seed"].min(),
        last=ran["seed"].max(),
        backends=sorted(ran["backend"].unique()),
        precisions=sorted(ran["precision"].unique()),
    )


def _limits(results: Results, name: str) -> str:
    own = where(results.table("headline"), architecture=name).set_index("protocol").loc[results.protocols]
    verdicts = own["verdict"].where(own["verdict"].isin([BEATS, DOES_NOT_BEAT]), NOT_EVALUABLE)
    better, not_better, unknown = (list(own.index[verdicts == word]) for word in (BEATS, DOES_NOT_BEAT, NOT_EVALUABLE))
    return WORDS.text(
        "limits",
        better=better,
        not_better=not_better,
        unknown=unknown,
        without_skill=list(own.index[own["skill"] != YES]),
        classes=len(results.dataset["classes"]),
        predicted=list(zip(own["predicted_classes"], own.index, strict=True)),
        collapsed=own["collapsed_cells"].sum(),
        cells=int(own["cells"].sum()),
        copies=[(one, copied(results, one)) for one in results.leaky if n_copied(results, one)[0]],
        honest=results.honest,
        repeats=results.study.repeats,
        elsewhere=tested_elsewhere(results),
    )


def _ethics(results: Results, name: str) -> str:
    protocol, dataset = results.main_protocol, results.dataset
    own = where(results.table("scores"), architecture=name, protocol=protocol, task="severity")
    errors = 100 * (1 - own.set_index("metric")["estimate"].dropna())
    return WORDS.text(
        "ethics",
        missed=errors.get("sensitivity"),
        false_alarms=errors.get("specificity"),
        protocol=protocol,
        warning=generated() if dataset["generated"] else "",
        never=NEVER_SHOWN.get(dataset["name"]),
    )


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
    caption = WORDS.text("scores_caption", name=name)
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
    caption = WORDS.text("groups_caption", name=name, protocol=protocol)
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
    columns = [picked("meaning of a flag", lambda row: KINDS[row["family"]], "wrap")]
    columns += [column(protocol, _verdict, "wrap", protocol=protocol) for protocol in protocols]
    caption = WORDS.text("flags_caption", name=name, counts=counts_sentence(table, protocols))
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
