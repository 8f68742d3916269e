"""Section: comparison of architectures with baselines and each other, and the smallest detectable differences."""

from collections.abc import Callable, Iterator

import pandas as pd

from analysis.comparison import comparison as compared
from analysis.comparison.significance import ROPE
from analysis.names import named
from benchmarks.study.names import BASELINES
from reports.document import Block, Bullets, Cell, Figures, Paragraph, Picture, Section, Table, figure
from reports.results import Results, main_honest, where
from reports.sections.scores import METRICS, TASKS
from reports.tables import bold_if, column, estimate, make_table, picked
from reports.wording import MISSING, NOT_EVALUABLE, interval, number, p_value, span, units
from reports.words import Words

WORDS = Words("comparison")
DECIDED = (compared.A_BETTER, compared.B_BETTER)


def comparison(results: Results) -> Iterator[Section]:
    """Section on comparison."""
    table = results.table("comparison")
    protocol = main_honest(results.protocols) or results.protocols[0]
    said = [baseline_sentence(table, protocol), _pairs_sentence(table, protocol), _detectable_sentence(table, protocol)]
    blocks: list[Block] = [
        Paragraph(" ".join(sentence for sentence in said if sentence)),
        Bullets(WORDS.texts("tests", rope=f"{ROPE:g}")),
        *_differences(table),
        *[_against_baselines(results, task) for task in TASKS if task in set(table["task"])],
        *_pairs(results),
        *_ranks(results),
    ]
    yield Section("comparison", WORDS.text("title"), blocks)


def baseline_sentence(table: pd.DataFrame, protocol: str) -> str:
    """Return which architectures beat which baselines under `protocol`; `table` is comparison.csv."""
    found = compared.beats(table, protocol)
    beaten = {baseline: [name for name, own in found.items() if baseline in own] for baseline in BASELINES}
    some = any(found.values()) and any(len(own) < len(BASELINES) for own in found.values())
    return WORDS.text(
        "baselines",
        protocol=protocol,
        found=found,
        winners=[name for name, own in found.items() if len(own) == len(BASELINES)],
        baselines=BASELINES,
        by_baseline=list(beaten.items()) if some else [],
        unit=where(table, test=compared.BOOTSTRAP)["unit"].iloc[0] if found else "",
    )


def _pairs_sentence(table: pd.DataFrame, protocol: str) -> str:
    rows = where(table, protocol=protocol, family=compared.ARCHITECTURES, task=compared.CLASS8)
    rows = rows[~rows["verdict"].str.startswith(NOT_EVALUABLE)]
    own, posterior = (where(rows, test=test) for test in (compared.BOOTSTRAP, compared.BAYES))
    if own.empty:
        return ""
    differ = [
        (row.a, row.b, row.effect) if row.effect > 0 else (row.b, row.a, -row.effect)
        for row in own[own["verdict"].isin(DECIDED)].itertuples()
    ]
    n_equivalent = int((posterior["verdict"] == compared.EQUIVALENT).sum()) if len(posterior) else None
    return WORDS.text("pairs", n=len(own), differences=differ, equivalent=n_equivalent)


def detectable(table: pd.DataFrame, protocol: str) -> tuple[str, float, str] | None:
    """Return the smallest detectable difference under `protocol` in words, the number of units, and their name."""
    rows = where(table, protocol=protocol, task=compared.CLASS8).dropna(subset=["detectable"])
    return None if rows.empty else (span(rows["detectable"]), rows["n"].iloc[0], rows["unit"].iloc[0])


def _detectable_sentence(table: pd.DataFrame, protocol: str) -> str:
    found = detectable(table, protocol)
    if not found:
        return ""
    size, n, unit = found
    return WORDS.text("detectable", size=size, varies=" to " in size, n=n, unit=unit)


def _differences(table: pd.DataFrame) -> Iterator[Figures]:
    if where(table, family=compared.BASELINE, test=compared.BOOTSTRAP, task=compared.CLASS8)["ci_low"].notna().any():
        caption, alt = WORDS.text("differences_caption"), WORDS.text("differences_alt")
        yield figure("differences", caption, alt, "comparison")


def _against_baselines(results: Results, task: str) -> Table:
    table = where(results.table("comparison"), family=compared.BASELINE, test=compared.BOOTSTRAP, task=task)
    main, of_accuracy = task == compared.CLASS8, compared.METRIC[task] == compared.ACCURACY
    columns = [
        *(picked("protocol", "protocol", "left"), picked("architecture", lambda row: named(row["a"]), "left")),
        picked("tested on", lambda row: units(row["n"], row["unit"])),
        *(picked(f"minus {named(baseline)}", _difference, b=baseline) for baseline in BASELINES),
        *([column("detectable", lambda own: number(own["detectable"].max()))] if of_accuracy else []),
        column("verdict", _summary, "phrase"),
    ]
    missing = table["verdict"].str.startswith(NOT_EVALUABLE)
    caption = WORDS.text(
        "baselines_caption",
        task=TASKS[task],
        metric=METRICS[compared.METRIC[task]],
        detectable=of_accuracy,
        notes=table.loc[missing, "verdict"].unique(),
    )
    rows = (own for _, own in table.groupby(["protocol", "a"], sort=False))
    about = {"grouped": True, "folded": not main, "printed": main}
    return make_table(f"baselines-{task}", caption, columns, rows, ["comparison"], **about)


def _difference(row: pd.Series) -> Cell:
    if pd.isna(row["ci_low"]):
        return Cell(NOT_EVALUABLE)
    below = f"{interval(row['ci_low'], row['ci_high'])}, p {p_value(row['p_holm'])}"
    return Cell(number(row["effect"]), below, strong=row["verdict"] in DECIDED)


def _summary(own: pd.DataFrame) -> Cell:
    """Return one verdict for an architecture from its rows against all baselines."""
    better, worse = (where(own, verdict=verdict)["b"].tolist() for verdict in DECIDED)
    if better or worse:
        return Cell(WORDS.text("verdict", better=better, worse=worse), strong=True)
    return Cell(NOT_EVALUABLE if own["verdict"].str.startswith(NOT_EVALUABLE).all() else compared.NO_DIFFERENCE)


def _pairs(results: Results) -> Iterator[Table]:
    table = where(results.table("comparison"), family=compared.ARCHITECTURES, task=compared.CLASS8)
    if table.empty:
        return
    main, t, mcnemar, nemenyi = compared.BOOTSTRAP, compared.T, compared.MCNEMAR, compared.NEMENYI
    tests = {"bootstrap": main, "corrected t": t, "McNemar": mcnemar, "Nemenyi": nemenyi}
    columns = [
        picked("protocol", "protocol", "left"),
        *(picked(key, _name_in(key), "left") for key in ("a", "b")),
        picked("a minus b", lambda row: estimate(row["effect"], row["ci_low"], row["ci_high"]), test=main),
        *(picked(f"p, {title}", lambda row: p_value(row["p_holm"]), test=test) for title, test in tests.items()),
        picked("posterior", _posterior, test=compared.BAYES),
        picked("detectable", lambda row: number(row["detectable"]), test=main),
        picked("verdict", lambda row: bold_if(row["verdict"], DECIDED), "phrase", test=main),
    ]
    rows = (own for _, own in table.groupby(["protocol", "a", "b"], sort=False))
    yield make_table("pairs", WORDS.text("pairs_caption"), columns, rows, ["comparison"], grouped=True, folded=True)


def _name_in(key: str) -> Callable[[pd.Series], str]:
    return lambda row: named(row[key])


def _posterior(row: pd.Series) -> str:
    shares = row[["p_a_better", "p_equivalent", "p_b_better"]]
    return MISSING if pd.isna(shares.iloc[0]) else " / ".join(map(number, shares))


def _ranks(results: Results) -> Iterator[Figures]:
    ranked = set(results.table("ranks").dropna(subset=["mean_rank"])["protocol"])
    pictures = [
        Picture(f"ranks_{name}", WORDS.text("ranks_alt", protocol=name)) for name in results.honest if name in ranked
    ]
    if pictures:
        yield Figures("figure-ranks", WORDS.text("ranks_caption"), pictures, ["ranks"])
