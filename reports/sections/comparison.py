"""Section: comparison of architectures with baselines and each other, and the smallest detectable differences."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison import comparison as compared
from analysis.comparison.significance import ROPE
from benchmarks.study.names import BASELINES
from reports.document import Block, Bullets, Cell, Figures, Paragraph, Picture, Section, Table, figure
from reports.results import Results, main_honest, where
from reports.sections.scores import METRICS, TASKS
from reports.tables import bold_if, column, estimate, make_table, picked
from reports.wording import MISSING, NOT_EVALUABLE, WORDS, interval, listed, number, p_value, plural, span, units

TESTS = [text.format(rope=f"{ROPE:g}") for text in WORDS["tests"]]
DECIDED = (compared.A_BETTER, compared.B_BETTER)


def comparison(results: Results) -> Iterator[Section]:
    """Section on comparison."""
    table = results.table("comparison")
    protocol = main_honest(results.protocols) or results.protocols[0]
    said = [baseline_sentence(table, protocol), _pairs_sentence(table, protocol), _detectable_sentence(table, protocol)]
    blocks: list[Block] = [
        Paragraph(" ".join(sentence for sentence in said if sentence)),
        Bullets(TESTS),
        *_differences(table),
        *[_against_baselines(results, task) for task in TASKS if task in set(table["task"])],
        *_pairs(results),
        *_ranks(results),
    ]
    yield Section("comparison", "Comparison", blocks)


def baseline_sentence(table: pd.DataFrame, protocol: str) -> str:
    """Return which architectures beat which baselines under `protocol`; `table` is comparison.csv."""
    found = compared.beats(table, protocol)
    if not found:
        return f"Under {protocol}, whether any architecture beats the baselines is {NOT_EVALUABLE}."
    winners = [name for name, beaten in found.items() if len(beaten) == len(BASELINES)]
    anybody = any(found.values())
    if len(found) == 1:
        verb = "beats every" if winners else "does not beat every" if anybody else "beats no"
        who = f"{next(iter(found))} {verb}"
    elif not winners:
        who = f"none of the {len(found)} architectures beats {'every' if anybody else 'any'}"
    elif len(winners) == len(found):
        who = f"all {len(found)} architectures beat every"
    else:
        who = f"{listed(winners)}, of {len(found)} architectures, {'beats' if len(winners) == 1 else 'beat'} every"
    unit = table.loc[table["test"] == compared.BOOTSTRAP, "unit"].iloc[0]
    how = f"({listed(list(BASELINES))}; accuracy, paired bootstrap over {unit}, Holm's correction)"
    return f"Under {protocol}, {who} baseline {how}{_by_baseline(found)}."


def _by_baseline(found: dict[str, list[str]]) -> str:
    """Return who beats each baseline; empty if no architecture beats any baseline, or all beat all."""
    if not any(found.values()) or all(len(beaten) == len(BASELINES) for beaten in found.values()):
        return ""
    who = {baseline: [name for name, beaten in found.items() if baseline in beaten] for baseline in BASELINES}
    first, *others = (f"{name} {{}}by {listed(by) if by else 'none'}" for name, by in who.items())
    return f": {', '.join([first.format('is beaten '), *(other.format('') for other in others)])}"


def _pairs_sentence(table: pd.DataFrame, protocol: str) -> str:
    rows = where(table, protocol=protocol, family=compared.ARCHITECTURES, task=compared.CLASS8)
    rows = rows[~rows["verdict"].str.startswith(NOT_EVALUABLE)]
    own, posterior = (where(rows, test=test) for test in (compared.BOOTSTRAP, compared.BAYES))
    if own.empty:
        return ""
    differ = own[own["verdict"].isin(DECIDED)]
    named = []
    for row in differ.itertuples():
        better, worse = (row.a, row.b) if row.effect > 0 else (row.b, row.a)
        named.append(f"{better} is better than {worse} by {number(abs(row.effect))}")
    which = f" ({'; '.join(named)})" if named else ""
    n_equivalent = (posterior["verdict"] == compared.EQUIVALENT).sum()
    also = f"; {n_equivalent or 'none'} can be called practically equivalent" if len(posterior) else ""
    who = f"{len(differ) or 'none'} {'differs' if len(differ) == 1 else 'differ'}"
    return f"Of {plural(len(own), 'pair')} of architectures, {who} after the correction{which}{also}."


def detectable(table: pd.DataFrame, protocol: str) -> tuple[str, float, str] | None:
    """Return the smallest detectable difference under `protocol` in words, the number of units, and their name."""
    rows = where(table, protocol=protocol, task=compared.CLASS8).dropna(subset=["detectable"])
    return None if rows.empty else (span(rows["detectable"]), rows["n"].iloc[0], rows["unit"].iloc[0])


def _detectable_sentence(table: pd.DataFrame, protocol: str) -> str:
    found = detectable(table, protocol)
    if not found:
        return ""
    size, n, unit = found
    lies = f"lies at {size}, depending on the pair," if " to " in size else f"is {size}"
    return (
        f"What the data could show: with {units(n, unit)}, the smallest true "
        f"difference in accuracy that one comparison on its own finds in 80 of 100 such studies {lies} by simulation. "
        "The correction for many comparisons asks for more. No difference shown does not mean that there is none."
    )


def _differences(table: pd.DataFrame) -> Iterator[Figures]:
    if where(table, family=compared.BASELINE, test=compared.BOOTSTRAP, task=compared.CLASS8)["ci_low"].notna().any():
        caption = (
            "Accuracy of each architecture minus that of each baseline on the same test images, with 95 % intervals "
            "(paired bootstrap). Filled markers: told apart after Holm's correction. Grey: differences that one "
            "comparison on its own would find in fewer than 80 of 100 such studies."
        )
        alt = "Differences in accuracy of every architecture to every baseline under every protocol, with intervals"
        yield figure("differences", caption, alt, "comparison")


def _against_baselines(results: Results, task: str) -> Table:
    table = where(results.table("comparison"), family=compared.BASELINE, test=compared.BOOTSTRAP, task=task)
    main, of_accuracy = task == compared.CLASS8, compared.METRIC[task] == compared.ACCURACY
    columns = [
        *(picked("protocol", "protocol", "left"), picked("architecture", "a", "left")),
        picked("tested on", lambda row: units(row["n"], row["unit"])),
        *(picked(f"minus {baseline}", _difference, b=baseline) for baseline in BASELINES),
        *([column("detectable", lambda own: number(own["detectable"].max()))] if of_accuracy else []),
        column("verdict", _summary, "phrase"),
    ]
    caption = (
        f"{TASKS[task].capitalize()}: {METRICS[compared.METRIC[task]]} minus each baseline's, with 95 % intervals "
        "(paired bootstrap) and p-values after Holm's correction."
    )
    if of_accuracy:
        caption += (
            " Detectable: the smallest true difference that each of the comparisons, tested alone, would find in "
            "80 of 100 such studies."
        )
    for why in table.loc[table["verdict"].str.startswith(NOT_EVALUABLE), "verdict"].unique():
        caption += f" {why.capitalize()}."
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
    parts = []
    for verdict, words in ((compared.A_BETTER, "beats"), (compared.B_BETTER, "is beaten by")):
        if names := own.loc[own["verdict"] == verdict, "b"].tolist():
            parts.append(f"{words} {listed(names)}")
    if own["verdict"].str.startswith(NOT_EVALUABLE).all():
        parts.append(NOT_EVALUABLE)
    return Cell("; ".join(parts) or compared.NO_DIFFERENCE, strong=own["verdict"].isin(DECIDED).any())


def _pairs(results: Results) -> Iterator[Table]:
    table = where(results.table("comparison"), family=compared.ARCHITECTURES, task=compared.CLASS8)
    if table.empty:
        return
    main, t, mcnemar, nemenyi = compared.BOOTSTRAP, compared.T, compared.MCNEMAR, compared.NEMENYI
    tests = {"bootstrap": main, "corrected t": t, "McNemar": mcnemar, "Nemenyi": nemenyi}
    columns = [
        *(picked(key, key, "left") for key in ("protocol", "a", "b")),
        picked("a minus b", lambda row: estimate(row["effect"], row["ci_low"], row["ci_high"]), test=main),
        *(picked(f"p, {title}", lambda row: p_value(row["p_holm"]), test=test) for title, test in tests.items()),
        picked("posterior", _posterior, test=compared.BAYES),
        picked("detectable", lambda row: number(row["detectable"]), test=main),
        picked("verdict", lambda row: bold_if(row["verdict"], DECIDED), "phrase", test=main),
    ]
    caption = (
        "Pairs of architectures: difference in accuracy with 95 % interval and verdict by the paired bootstrap, "
        "p-values after correction, and the Bayesian test's probabilities that a is better, that both are practically "
        "equivalent, that b is better. Detectable: the smallest true difference that the comparison would find in 80 "
        "of 100 such studies, tested alone. A dash: not evaluable; comparison.csv says why."
    )
    rows = (own for _, own in table.groupby(["protocol", "a", "b"], sort=False))
    yield make_table("pairs", caption, columns, rows, ["comparison"], grouped=True, folded=True)


def _posterior(row: pd.Series) -> str:
    shares = row[["p_a_better", "p_equivalent", "p_b_better"]]
    return MISSING if pd.isna(shares.iloc[0]) else " / ".join(map(number, shares))


def _ranks(results: Results) -> Iterator[Figures]:
    ranked = set(results.table("ranks").dropna(subset=["mean_rank"])["protocol"])
    alt = "Mean rank of every architecture and baseline under {}, with bars between those that are not told apart"
    pictures = [Picture(f"ranks_{name}", alt.format(name)) for name in results.honest if name in ranked]
    if pictures:
        caption = (
            "Critical-difference diagrams [@demsar2006]: mean ranks by accuracy over folds, the best to the left. A "
            "bar joins those whose ranks are not told apart by Nemenyi's test at 5 %, and all where Friedman's test "
            "finds no difference. Italic: baselines."
        )
        yield Figures("figure-ranks", caption, pictures, ["ranks"])
