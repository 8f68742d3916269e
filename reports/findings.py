"""Sentences of the finding and the answer on the first page, worded from the tables."""

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.scores.skill import YES
from benchmarks.protocols import AS_SHIPPED, EXTERNAL, PUBLISHED
from reports.results import KEPT_APART, main_honest, where
from reports.wording import NOT_EVALUABLE, count, interval, listed, number, per_cent, plural, span, units

BEATS = "beats majority"
OPENINGS = {PUBLISHED: "Under the published protocol", AS_SHIPPED: "Under the split as shipped (as_shipped)"}
# columns of headline.csv in words
FACTORS = {"severity_auc": "area under ROC of severity (within folds) is", "density_accuracy": "accuracy of density"}


def finding(
    headline: pd.DataFrame,
    inflation: pd.DataFrame,
    leakage: pd.DataFrame,
    protocols: list[str],
    baselines: str = "",
    control: str = "",
    bias: str = "",
) -> list[str]:
    """Return the sentences of the finding, from tables/headline.csv, inflation.csv and leakage.csv.

    `baselines`, `control` and `bias` are the sentences of the sections on comparison, control and bias; empty ones
    are left out.
    """
    honest = main_honest(protocols)
    sentences = []
    for protocol in [protocol for protocol in OPENINGS if protocol in protocols]:
        rows = where(headline, protocol=protocol)
        sentences += [_range_sentence(rows, OPENINGS[protocol]), _leak_sentence(leakage, protocol)]
        sentences.append(control if protocol == PUBLISHED else "")
    if honest:
        rows = where(headline, protocol=honest)
        apart = KEPT_APART.get(honest, "group")
        opening = f"When no {apart} stands on both sides of the split ({honest})"
        sentences += [_range_sentence(rows, opening), _majority_sentence(rows), baselines]
        sentences.append(_inflation_sentence(where(inflation, honest_protocol=honest)))
        if EXTERNAL in protocols and honest != EXTERNAL:
            rows = where(headline, protocol=EXTERNAL)
            sentences.append(_range_sentence(rows, "On data sets that training has not seen (external)"))
    else:
        sentences.append(
            "This study ran no protocol that keeps sources or patients apart, so nothing here says what these "
            "architectures do on images of new patients."
        )
    sentences += [_collapse_sentence(headline), bias]
    return [sentence for sentence in sentences if sentence]


def answer(headline: pd.DataFrame, protocols: list[str]) -> str:
    """Return the answer to the question of the report, from tables/headline.csv without the baselines."""
    honest = main_honest(protocols)
    sentences = []
    if PUBLISHED in protocols:
        sentences.append(f"Under the published split {_best(headline[headline['protocol'] == PUBLISHED])}.")
    if AS_SHIPPED in protocols:
        sentences.append(f"Under the split as shipped {_best(headline[headline['protocol'] == AS_SHIPPED])}.")
    if honest:
        rows = where(headline, protocol=honest)
        apart = KEPT_APART.get(honest, "group")
        sentences.append(f"With no {apart} on both sides of the split {_best(rows)}; {_against_majority(rows)}.")
        sentences += [_factors(rows), _skill(rows)]
    return " ".join(filter(None, sentences))


def _factors(rows: pd.DataFrame) -> str:
    """Return the best scores of severity and density alone; empty if neither is evaluable."""
    parts = []
    for name, words in FACTORS.items():
        if len(known := _ordered(rows, name)):
            best = known.iloc[-1]
            limits = f"95 % CI {interval(best[f'{name}_low'], best[f'{name}_high'])}"
            parts.append(f"{words} {number(best[name])} ({best['architecture']}, {limits})")
    return f"The best {listed(parts)}." if parts else ""


def _skill(rows: pd.DataFrame) -> str:
    """Return how many networks have skill, and which."""
    known = rows[~rows["skill"].str.startswith(NOT_EVALUABLE)]
    if known.empty:
        return "Whether any network has skill is not evaluable."
    names = sorted(known.loc[known["skill"] == YES, "architecture"])
    return (
        f"Skill is shown for {len(names)} of {plural(len(known), 'network')}{f' ({listed(names)})' if names else ''}."
    )


def _ordered(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.dropna(subset=[column]).sort_values([column, "architecture"])


def _best(rows: pd.DataFrame) -> str:
    known = _ordered(rows, "accuracy")
    if known.empty:
        return "accuracy is not evaluable"
    who = f"the best of {len(known)} networks" if len(known) > 1 else "the network"
    return f"{who} answers {_share(known.iloc[-1])} of its test images right"


def _share(row: pd.Series) -> str:
    value, low, high = (per_cent(row[name]) for name in ("accuracy", "ci_low", "ci_high"))
    limits = f"95 % CI {low} to {high}" if pd.notna(row["ci_low"]) else "no interval"
    return f"{value} ({row['architecture']}, {limits})"


def _against_majority(rows: pd.DataFrame) -> str:
    known = rows[~rows["verdict"].str.startswith(NOT_EVALUABLE)]
    if known.empty:
        return "whether any beats the majority class is not evaluable"
    n = int((known["verdict"] == BEATS).sum())
    who = ("none" if len(known) > 1 else "it does not") if not n else f"{n} of {len(known)}"
    beats = {"none": "beats", "it does not": "beat"}.get(who, "beats" if n == 1 else "beat")
    return f"{who} {beats} always answering the majority class"


def _range_sentence(rows: pd.DataFrame, opening: str) -> str:
    known = _ordered(rows, "accuracy")
    if known.empty:
        return f"{opening}, accuracy is not evaluable."
    first, last = known.iloc[0], known.iloc[-1]
    tested = f"on {count(last['n_samples'])} test images of {units(last['n_units'], last['unit'])}"
    if len(known) == 1:
        return (
            f"{opening}, {first['architecture']} reaches a test accuracy of {number(first['accuracy'])} "
            f"({_limits(first)}) {tested}."
        )
    lowest, highest = (f"{number(row['accuracy'])} ({row['architecture']}, {_limits(row)})" for row in (first, last))
    return f"{opening}, the accuracy of {len(known)} architectures runs from {lowest} to {highest}, {tested}."


def _limits(row: pd.Series) -> str:
    return f"95 % CI {interval(row['ci_low'], row['ci_high'])}"


def _leak_sentence(leakage: pd.DataFrame, protocol: str) -> str:
    rows = where(leakage, protocol=protocol, fold=0, part_a="train", part_b="test").set_index("kind")
    if rows.empty:
        return ""
    copied, n = rows.loc[NEAR_DUPLICATE, ["n_flagged", "n_b"]].astype(int)
    same = int(rows.loc["pixel_identical", "n_flagged"])
    return (
        f"Of these test images, {copied:,} of {n:,} have a copy in training, found from pixels alone; {same:,} are "
        "pixel by pixel the same as a training image."
    )


def _majority_sentence(rows: pd.DataFrame) -> str:
    evaluable = rows[~rows["verdict"].str.startswith(NOT_EVALUABLE)].sort_values("architecture")
    if evaluable.empty:
        return "Whether any beats the majority class is not evaluable."
    beat = evaluable.loc[evaluable["verdict"] == BEATS, "architecture"].tolist()
    n, others = len(evaluable), len(evaluable) - len(beat)
    if n == 1:
        who = f"{evaluable['architecture'].iloc[0]} {'beats' if beat else 'does not beat'} it"
    elif not beat:
        who = f"none of the {n} architectures beats it"
    elif not others:
        who = f"all {n} architectures beat it"
    else:
        rest = "the other does not" if others == 1 else f"the other {others} do not"
        who = f"{listed(beat)} {'beats' if len(beat) == 1 else 'beat'} it, {rest}"
    return f"{_majority(evaluable)} on the same images; {who} (paired bootstrap, 95 %)."


def _majority(rows: pd.DataFrame) -> str:
    labels = sorted(rows["majority_label"].dropna().unique())
    name = f" ({labels[0]})" if len(labels) == 1 else ""
    return f"Always answering the majority class of the training part{name} scores {span(rows['majority_accuracy'])}"


def _inflation_sentence(rows: pd.DataFrame) -> str:
    known = _ordered(rows, "inflation")
    if known.empty:
        return ""
    first, last = known.iloc[0], known.iloc[-1]
    protocol = last["honest_protocol"]
    n_units = f"{count(last['n_published_units'])} and {count(last['n_honest_units'])} independent units"
    clear = int((known["ci_low"] > 0).sum())
    if len(known) == 1:
        return (
            f"Published minus {protocol} accuracy is {_difference(last)}, on {n_units}; "
            f"the 95 % interval {'lies' if clear else 'does not lie'} above zero."
        )
    return (
        f"Published minus {protocol} accuracy runs from {_difference(first)} to {_difference(last)}, on {n_units}; "
        f"the 95 % interval lies above zero for {clear} of {len(known)} architectures."
    )


def _difference(row: pd.Series) -> str:
    return f"{number(row['inflation'])} ({row['architecture']}, {interval(row['ci_low'], row['ci_high'])})"


def _collapse_sentence(headline: pd.DataFrame) -> str:
    parts = []
    for protocol, rows in headline.groupby("protocol", sort=False):
        collapsed = rows[rows["collapsed_cells"] > 0].sort_values("architecture")
        if not collapsed.empty:
            names = [
                f"{row.architecture} ({row.collapsed_cells:.0f} of {plural(int(row.cells), 'cell')})"
                for row in collapsed.itertuples()
            ]
            parts.append(f"under {protocol}, {listed(names)}")
    if not parts:
        return "No model answers the same class for all of its test images."
    return f"Collapsed, that is answering one class for every test image: {'; '.join(parts)}."
