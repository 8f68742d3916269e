"""Comparison: architectures against baselines and each other, and what these data could have shown."""

from collections.abc import Iterator

import pandas as pd

from analysis.comparison import comparison as compared
from analysis.comparison.significance import ROPE
from benchmarks.study.study import BASELINES
from reports.document import Block, Bullets, Cell, Column, Figures, Paragraph, Picture, Section, Table
from reports.findings import main_honest
from reports.results import Results
from reports.sections.scores.scores import METRICS, TASKS
from reports.wording import MISSING, NOT_EVALUABLE, estimate, interval, listed, number, plural, units

TESTS = [
    "Paired bootstrap over patients [@efron1993]: would the difference in accuracy hold for other patients, with these "
    "trained networks? Its verdict is the one that counts here.",
    "Corrected resampled t-test [@nadeau2003]: would it hold for other training and test parts? It counts folds and "
    "corrects for the training images that these share.",
    "McNemar's exact test [@mcnemar1947]: do the two err on different images? It takes images for independent, which "
    "images of one patient are not.",
    f"Bayesian correlated t-test [@benavoli2017]: how probable is it that one is better by more than {ROPE:g}, or that "
    "the two are practically equivalent?",
    "Friedman's test with Nemenyi's [@demsar2006]: do some rank before others in every fold? Folds of one data set "
    "share training images, so ranks say how consistent a lead is within these data, and prove nothing beyond them.",
    "Holm's correction [@holm1979] within protocol, family (against baselines, between architectures), test and task.",
]
DECIDED = (compared.A_BETTER, compared.B_BETTER)


def comparison(results: Results) -> Iterator[Section]:
    """The section on comparison."""
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
    """Which architectures beat which baselines under `protocol`; `table` is comparison.csv."""
    found = compared.beats(table, protocol)
    if not found:
        return f"Under {protocol}, whether any architecture beats the baselines is {NOT_EVALUABLE}."
    winners = [name for name, beaten in found.items() if len(beaten) == len(BASELINES)]
    if not any(found.values()):
        who = (
            f"{next(iter(found))} beats no" if len(found) == 1 else f"none of the {len(found)} architectures beats any"
        )
    elif len(found) == 1:
        who = f"{next(iter(found))} {'beats' if winners else 'does not beat'} every"
    elif not winners:
        who = f"none of the {len(found)} architectures beats every"
    elif len(winners) == len(found):
        who = f"all {len(found)} architectures beat every"
    else:
        who = f"{listed(winners)}, of {len(found)} architectures, {'beats' if len(winners) == 1 else 'beat'} every"
    unit = table.loc[table["test"] == compared.BOOTSTRAP, "unit"].iloc[0]
    how = f"({listed(list(BASELINES))}; accuracy, paired bootstrap over {unit}, Holm's correction)"
    return f"Under {protocol}, {who} baseline {how}{_by_baseline(found)}."


def _by_baseline(found: dict[str, list[str]]) -> str:
    """Who beats each baseline, where that is neither all nobody nor all everybody."""
    if not any(found.values()) or all(len(beaten) == len(BASELINES) for beaten in found.values()):
        return ""
    who = {baseline: [name for name, beaten in found.items() if baseline in beaten] for baseline in BASELINES}
    first, *others = (f"{name} {{}}by {listed(by) if by else 'none'}" for name, by in who.items())
    return f": {', '.join([first.format('is beaten '), *(other.format('') for other in others)])}"


def _pairs_sentence(table: pd.DataFrame, protocol: str) -> str:
    rows = table[(table["protocol"] == protocol) & (table["family"] == compared.ARCHITECTURES)]
    rows = rows[(rows["task"] == compared.CLASS8) & ~rows["verdict"].str.startswith(NOT_EVALUABLE)]
    own, posterior = (rows[rows["test"] == test] for test in (compared.BOOTSTRAP, compared.BAYES))
    if own.empty:
        return ""
    differ = own[own["verdict"].isin(DECIDED)]
    named = [f"{_better(row)} by {number(abs(row.effect))}" for row in differ.itertuples()]
    which = f" ({'; '.join(named)})" if named else ""
    n_equivalent = (posterior["verdict"] == compared.EQUIVALENT).sum()
    also = f"; {n_equivalent or 'none'} can be called practically equivalent" if len(posterior) else ""
    who = f"{len(differ) or 'none'} {'differs' if len(differ) == 1 else 'differ'}"
    return f"Of {plural(len(own), 'pair')} of architectures, {who} after the correction{which}{also}."


def _better(row) -> str:
    better, worse = (row.a, row.b) if row.effect > 0 else (row.b, row.a)
    return f"{better} is better than {worse}"


def detectable(table: pd.DataFrame, protocol: str) -> tuple[str, float, str] | None:
    """The smallest detectable difference under `protocol` in words, the number of units, and their name."""
    rows = table[(table["protocol"] == protocol) & (table["task"] == compared.CLASS8)].dropna(subset=["detectable"])
    if rows.empty:
        return None
    low, high = number(rows["detectable"].min()), number(rows["detectable"].max())
    return low if low == high else f"{low} to {high}", rows["n"].iloc[0], rows["unit"].iloc[0]


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


def _differences(table: pd.DataFrame) -> list[Figures]:
    rows = _bootstrap(table, compared.BASELINE, compared.CLASS8)
    if rows["ci_low"].isna().all():
        return []
    caption = (
        "Accuracy of each architecture minus that of each baseline on the same test images, with 95 % intervals "
        "(paired bootstrap). Filled markers: told apart after Holm's correction. Grey: differences that one comparison "
        "on its own would find in fewer than 80 of 100 such studies."
    )
    alt = "Differences in accuracy of every architecture to every baseline under every protocol, with intervals"
    return [Figures("figure-differences", caption, [Picture("differences", alt)], ["comparison"])]


def _bootstrap(table: pd.DataFrame, family: str, task: str) -> pd.DataFrame:
    return table[(table["family"] == family) & (table["test"] == compared.BOOTSTRAP) & (table["task"] == task)]


def _against_baselines(results: Results, task: str) -> Table:
    table = _bootstrap(results.table("comparison"), compared.BASELINE, task)
    of_accuracy = compared.METRIC[task] == compared.ACCURACY
    rows = []
    for (protocol, architecture), own in table.groupby(["protocol", "a"], sort=False):
        by_name = own.set_index("b")
        cells = [_difference(by_name.loc[baseline]) for baseline in BASELINES]
        detectable = [Cell(number(own["detectable"].max()))] if of_accuracy else []
        about = [Cell(protocol), Cell(architecture), Cell(units(own["n"].iloc[0], own["unit"].iloc[0]))]
        rows.append([*about, *cells, *detectable, _summary(own)])
    titles = [Column("protocol", "left"), Column("architecture", "left"), Column("tested on")]
    titles += [Column(f"minus {baseline}") for baseline in BASELINES]
    titles += [*([Column("detectable")] if of_accuracy else []), Column("verdict", "phrase")]
    caption = (
        f"{TASKS[task][0].capitalize()}: {METRICS[compared.METRIC[task]]} minus each baseline's, with 95 % intervals "
        "(paired bootstrap) and p-values after Holm's correction."
    )
    if of_accuracy:
        caption += (
            " Detectable: the smallest true difference that each of the three comparisons, tested alone, would find in "
            "80 of 100 such studies."
        )
    for why in table.loc[table["verdict"].str.startswith(NOT_EVALUABLE), "verdict"].unique():
        caption += f" {why.capitalize()}."
    main = task == compared.CLASS8
    about = {"grouped": True, "folded": not main, "printed": main}
    return Table(f"table-baselines-{task}", caption, titles, rows, ["comparison"], **about)


def _difference(row: pd.Series) -> Cell:
    if pd.isna(row["ci_low"]):
        return Cell(NOT_EVALUABLE)
    below = f"{interval(row['ci_low'], row['ci_high'])}, p {_p(row['p_holm'])}"
    return Cell(number(row["effect"]), below, strong=row["verdict"] in DECIDED)


def _summary(own: pd.DataFrame) -> Cell:
    """What the rows of one architecture against all baselines say together."""
    parts = []
    for verdict, words in ((compared.A_BETTER, "beats"), (compared.B_BETTER, "is beaten by")):
        if names := own.loc[own["verdict"] == verdict, "b"].tolist():
            parts.append(f"{words} {listed(names)}")
    if own["verdict"].str.startswith(NOT_EVALUABLE).all():
        parts.append(NOT_EVALUABLE)
    return Cell("; ".join(parts) or compared.NO_DIFFERENCE, strong=own["verdict"].isin(DECIDED).any())


def _pairs(results: Results) -> list[Table]:
    table = results.table("comparison")
    table = table[(table["family"] == compared.ARCHITECTURES) & (table["task"] == compared.CLASS8)]
    if table.empty:
        return []
    rows = []
    for (protocol, a, b), own in table.groupby(["protocol", "a", "b"], sort=False):
        by_test = own.set_index("test")
        main, posterior = by_test.loc[compared.BOOTSTRAP], by_test.loc[compared.BAYES]
        shares = [posterior[name] for name in ("p_a_better", "p_equivalent", "p_b_better")]
        tests = (compared.BOOTSTRAP, compared.T, compared.MCNEMAR, compared.NEMENYI)
        rows.append(
            [
                *(Cell(protocol), Cell(a), Cell(b), estimate(main["effect"], main["ci_low"], main["ci_high"])),
                *[Cell(_p(by_test.loc[test, "p_holm"])) for test in tests],
                Cell(MISSING if pd.isna(shares[0]) else " / ".join(number(share) for share in shares)),
                Cell(number(main["detectable"])),
                Cell(main["verdict"], strong=main["verdict"] in DECIDED),
            ]
        )
    titles = [Column("protocol", "left"), Column("a", "left"), Column("b", "left"), Column("a minus b")]
    titles += [Column(f"p, {name}") for name in ("bootstrap", "corrected t", "McNemar", "Nemenyi")]
    titles += [Column("posterior"), Column("detectable"), Column("verdict", "phrase")]
    caption = (
        "Pairs of architectures: difference in accuracy with 95 % interval and verdict by the paired bootstrap, "
        "p-values after correction, and the Bayesian test's probabilities that a is better, that both are practically "
        "equivalent, that b is better. Detectable: the smallest true difference that the comparison would find in 80 "
        "of 100 such studies, tested alone. A dash: not evaluable; comparison.csv says why."
    )
    return [Table("table-pairs", caption, titles, rows, ["comparison"], grouped=True, folded=True)]


def _ranks(results: Results) -> list[Figures]:
    table = results.table("ranks")
    ranked = table.dropna(subset=["mean_rank"])
    protocols = [protocol for protocol in results.honest if protocol in set(ranked["protocol"])]
    if not protocols:
        return []
    alt = "Mean rank of every architecture and baseline under {}, with bars between those that are not told apart"
    caption = (
        "Critical-difference diagrams [@demsar2006]: mean ranks by accuracy over folds, the best to the left. A bar "
        "joins those whose ranks are not told apart by Nemenyi's test at 5 %, and all where Friedman's test finds no "
        "difference. Italic: baselines."
    )
    pictures = [Picture(f"ranks_{protocol}", alt.format(protocol)) for protocol in protocols]
    return [Figures("figure-ranks", caption, pictures, ["ranks"])]


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else number(value, 3)
