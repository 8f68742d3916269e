"""Relations between printed figures that hold whatever the confusion matrix is: fractions, agreement, F1, averages."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import ceil, floor

from benchmarks.publications.arithmetic.printed import AVERAGES, Figure, Stated
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, POSSIBLE, Verdict, keys, names, span


def relations(stated: Stated) -> Iterator[Verdict]:
    """Yield the verdicts on everything but the confusion matrix itself."""
    for figure in stated.figures:
        whole = _denominator(figure, stated)
        if whole:
            yield _fraction(figure, whole)
    yield from _agreement(stated)
    for scope in (*(stated.classes or ()), *AVERAGES):
        yield from _f1(scope, stated)
    for average, metric in product(AVERAGES, ("precision", "recall", "f1")):
        yield from _average(average, metric, stated)


def _denominator(figure: Figure, stated: Stated) -> int | None:
    if figure.scope is None and figure.metric == "accuracy":
        return stated.n
    support = stated.supports.get(figure.scope or "")
    if figure.metric == "recall":
        return support
    if figure.metric == "accuracy":
        return stated.n
    if figure.metric == "specificity" and stated.n is not None and support is not None:
        return stated.n - support
    return None


def _fraction(figure: Figure, whole: int) -> Verdict:
    """Say whether a fraction of `whole` images prints as `figure` (the GRIM test of Brown & Heathers 2017)."""
    low, high = ceil(figure.low * whole), floor(figure.high * whole)
    question = f"Is {figure} a fraction of {whole:,} images?"
    if low > high:
        digits = len(figure.text) + 1
        near = " and ".join(f"{k:,}/{whole:,} = {k / whole:.{digits}f}" for k in (high, low) if 0 <= k <= whole)
        return Verdict(question, IMPOSSIBLE, f"No count of {whole:,} prints so; the nearest are {near}.", (figure.key,))
    counts = f"{low:,}/{whole:,}" if low == high else f"{low:,}/{whole:,} to {high:,}/{whole:,}"
    return Verdict(question, POSSIBLE, f"It stands for {counts}.", (figure.key,))


def _agreement(stated: Stated) -> Iterator[Verdict]:
    """Compare figures that are one quantity, such as the accuracies that two classes print."""
    for metric, scope in dict.fromkeys((figure.metric, figure.scope) for figure in stated.figures):
        same = stated.of(metric, scope)
        if len(same) < 2:
            continue
        agree = max(figure.low for figure in same) <= min(figure.high for figure in same)
        quantity = f"{scope} {metric}" if scope in AVERAGES else f"{metric} of {scope or 'all images'}"
        yield Verdict(
            "Do figures of one quantity agree?",
            POSSIBLE if agree else IMPOSSIBLE,
            f"{names(same)} are all the {quantity}" + ("." if agree else ", and no value rounds to each of them."),
            keys(same),
        )


def _f1(scope: str, stated: Stated) -> Iterator[Verdict]:
    """Check F1 against precision and recall: their harmonic mean in a class, bounds for averages over classes.

    In each class P + R - 1 <= F1 <= (P + R) / 2, and means keep that; a macro F1 need not lie between P and R.
    """
    recall = "accuracy" if scope == "weighted" else "recall"
    parts = stated.of("precision", scope)[:1], stated.of(recall, None if scope == "weighted" else scope)[:1]
    for precision, sensitivity, f1 in product(*parts, stated.of("f1", scope)):
        harmonic = [_harmonic(precision.low, sensitivity.low), _harmonic(precision.high, sensitivity.high)]
        low, high = harmonic
        if scope in AVERAGES:
            low = max(precision.low + sensitivity.low - 1, Fraction(0))
            high = (precision.high + sensitivity.high) / 2
        fits = low <= f1.high and high >= f1.low
        reason = f"With {names([precision, sensitivity])}, F1 is {span(float(low), float(high))}; printed is {f1.text}."
        if not fits and harmonic[0] <= f1.high and harmonic[1] >= f1.low:
            reason += " It fits the harmonic mean of the two averages, which is not the mean of F1."
        question = f"Does F1 follow from precision and recall ({scope})?"
        yield Verdict(question, POSSIBLE if fits else IMPOSSIBLE, reason, keys([precision, sensitivity, f1]))


def _harmonic(a: Fraction, b: Fraction) -> Fraction:
    return 2 * a * b / (a + b) if a + b else Fraction(0)


def _average(average: str, metric: str, stated: Stated) -> Iterator[Verdict]:
    """Check a macro or weighted figure against the figures of all classes."""
    whole = stated.of("accuracy", None) if (average, metric) == ("weighted", "recall") else stated.of(metric, average)
    supports = stated.all_supports()
    own = [stated.of(metric, name) for name in stated.classes or ()]
    if not whole or not own or not all(own) or (average == "weighted" and (supports is None or not sum(supports))):
        return
    weights = [Fraction(1, len(own))] * len(own)
    if average == "weighted" and supports is not None:
        weights = [Fraction(support, sum(supports)) for support in supports]
    low = sum((weight * one[0].low for weight, one in zip(weights, own, strict=True)), Fraction(0))
    high = sum((weight * one[0].high for weight, one in zip(weights, own, strict=True)), Fraction(0))
    for figure in whole:
        fits = low <= figure.high and high >= figure.low
        reason = f"The {average} mean of the classes' {metric} is {span(float(low), float(high))}; printed is {figure}."
        question = f"Does {figure.key} follow from the classes' {metric}?"
        yield Verdict(question, POSSIBLE if fits else IMPOSSIBLE, reason, keys([figure, *(one[0] for one in own)]))
