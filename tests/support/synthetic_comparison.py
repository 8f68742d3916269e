"""The comparison's tables of a made-up results folder: a difference is shown where accuracies lie 0.1 apart."""

import itertools

from analysis.comparison import comparison
from benchmarks.study.names import BASELINES

MAJORITY = {"published": 0.4524}  # accuracy of every baseline; 0.3019 under the honest protocols
CLEAR = 0.1
SAME_TEST = f"{comparison.NONE}: {comparison.SAME_TEST}"


def write_comparison(world) -> None:
    """Write comparison.csv and ranks.csv for a synthetic_results.World."""
    rows, ranks = [], []
    for protocol in world.protocols:
        pairs = [(comparison.BASELINE, a, b) for a in world.architectures for b in BASELINES]
        pairs += [(comparison.ARCHITECTURES, *pair) for pair in itertools.combinations(sorted(world.architectures), 2)]
        for family, a, b in pairs:
            about = {"protocol": protocol, "family": family, "a": a, "b": b}
            rows += [about | row for row in _tests(world, protocol, _accuracy(world, a, protocol), b)]
        known = protocol != "published"
        n_folds = world.n_folds if known else 1
        row = {"protocol": protocol, "family": comparison.ALL, "task": "class8", "metric": "accuracy"}
        row |= {"test": comparison.FRIEDMAN, "n": n_folds, "unit": "folds"}
        friedman = {"p": 0.01, "p_holm": 0.01, "verdict": comparison.RANKS_DIFFER} if known else {"verdict": SAME_TEST}
        rows.append(row | friedman)
        names = sorted([*world.architectures, *BASELINES], key=lambda name: -_accuracy(world, name, protocol))
        for place, name in enumerate(names):
            row = {"protocol": protocol, "architecture": name, "n_blocks": n_folds, "verdict": friedman["verdict"]}
            ranked = {"mean_rank": place + 1.25, "critical_distance": 2.5, "friedman_p": 0.01} if known else {}
            ranks.append(row | ranked)
    world.table("comparison", rows, comparison.COLUMNS)
    world.table("ranks", ranks, comparison.RANK_COLUMNS)


def _accuracy(world, name: str, protocol: str) -> float:
    return MAJORITY.get(protocol, 0.3019) if name in BASELINES else world.accuracy(name, protocol)


def _tests(world, protocol: str, accuracy: float, b: str) -> list[dict]:
    """All rows of one pair."""
    published = protocol == "published"
    effect = round(accuracy - _accuracy(world, b, protocol), 4)
    shown = abs(effect) > CLEAR
    better = comparison.A_BETTER if effect > 0 else comparison.B_BETTER
    found = {"p": 0.001 if shown else 0.4, "p_holm": 0.01 if shown else 1.0}
    found |= {"effect": effect, "verdict": better if shown else comparison.NO_DIFFERENCE}
    limits = {"ci_low": round(effect - 0.09, 4), "ci_high": round(effect + 0.09, 4)}
    accuracies = {"task": "class8", "metric": "accuracy"}
    units = {"n": 35 if published else world.n_units, "unit": world.unit}
    rows = [
        {"task": task, "metric": "accuracy", "test": comparison.BOOTSTRAP, "detectable": 0.2} | found | limits | units
        for task in ["class8", *(["density"] if world.factors else [])]
    ]
    if world.factors:
        reason = "which requires a fold with both severities and finite probabilities"
        why = f"{comparison.NONE}: {b} has no roc_auc_within, {reason}"
        rows.append(
            {"task": "severity", "metric": "roc_auc_within", "test": comparison.BOOTSTRAP, "verdict": why} | units
        )
    images = {"n": 42 if published else world.n, "unit": "images"}
    rows.append(accuracies | {"test": comparison.MCNEMAR} | found | images)
    folds = {"n": 1 if published else world.n_folds, "unit": "folds"}
    for test in (comparison.T, comparison.BAYES, comparison.NEMENYI):
        row = accuracies | {"test": test} | folds
        if published:
            rows.append(row | {"verdict": SAME_TEST})
        elif test == comparison.BAYES:
            shares = {"p_a_better": 0.3, "p_equivalent": 0.5, "p_b_better": 0.2, "verdict": comparison.NO_DIFFERENCE}
            rows.append(row | shares | limits | {"effect": effect})
        else:
            rows.append(row | found | (limits if test == comparison.T else {}))
    return rows
