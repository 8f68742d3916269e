"""The area under the ROC curve beside figures of one threshold."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from benchmarks.publications.arithmetic.confusion import Matrix, value
from benchmarks.publications.arithmetic.printed import Figure, Stated
from benchmarks.publications.arithmetic.two_classes import TwoClasses
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, NOT_EVALUABLE, POSSIBLE, Verdict, keys, span

QUESTION = "Does the AUC fit the other figures?"
SPLIT = "If the AUC is 1, another threshold makes no error, and all errors at the printed one are {}."
BOTH = "Both kinds of error occur, so the AUC is below 1 before rounding."


def auc(stated: Stated) -> Iterator[Verdict]:
    """Yield a verdict on each printed AUC.

    One threshold with sensitivity a and specificity b leaves areas from a b to 1 - (1 - a)(1 - b), in steps of half a
    pair of images. An AUC of 1 is possible beside errors of one kind only.
    """
    others = [figure for figure in stated.figures if figure.metric != "auc"]
    if stated.matrix and stated.classes:
        others = [_exact(name, stated.matrix, stated.classes) for name in stated.classes]
    for figure in (figure for figure in stated.figures if figure.metric == "auc"):
        verdict, reason = _judge(figure, others, stated)
        yield Verdict(QUESTION, verdict, reason, keys([figure, *others]))


def _exact(name: str, matrix: Matrix, classes: tuple[str, ...]) -> Figure:
    """Return the recall of a class by the printed matrix, without rounding."""
    recall = Figure("matrix", f"with recall of {name}", "recall", name, Fraction(0), Fraction(1))
    exact = value(recall, matrix, classes)
    return replace(recall, low=exact, high=exact)


def _judge(figure: Figure, others: list[Figure], stated: Stated) -> tuple[str, str]:
    supports = stated.all_supports()
    if stated.classes is None or len(stated.classes) > 2:
        return (
            NOT_EVALUABLE,
            "Missing: the scores. With more than two classes, no single threshold ties AUC and matrix.",
        )
    if not others:
        return NOT_EVALUABLE, "Missing: figures of one threshold, such as accuracy or recall and specificity."
    if supports is None:
        return _without_supports(figure, others, stated)
    search = TwoClasses(supports[0], supports[1], stated.classes[0], [*others, figure])
    if not search.fit(others):
        return NOT_EVALUABLE, "The other figures fit no matrix."
    bounds = span(*search.span(figure, others))
    if not search.fit([*others, figure]):
        return IMPOSSIBLE, f"The other figures leave an AUC of {bounds}; printed is {figure.text}."
    return POSSIBLE, f"The other figures leave an AUC of {bounds}. {_perfect(figure, others, stated)}".strip()


def _without_supports(figure: Figure, others: list[Figure], stated: Stated) -> tuple[str, str]:
    assert stated.classes is not None
    a, b = (stated.of("recall", name) for name in stated.classes)
    if a and b:
        low, high = a[0].low * b[0].low, 1 - (1 - a[0].high) * (1 - b[0].high)
        bounds = span(float(low), float(high))
        if figure.high < low or figure.low > high:
            return IMPOSSIBLE, f"The recalls of both classes leave an AUC of {bounds}; printed is {figure.text}."
        return (
            POSSIBLE,
            f"The recalls of both classes leave an AUC of {bounds}. {_perfect(figure, others, stated)}".strip(),
        )
    return NOT_EVALUABLE, f"Missing: specificity, or class supports. {_perfect(figure, others, stated)}".strip()


def _perfect(figure: Figure, others: list[Figure], stated: Stated) -> str:
    """Return in words what a printed AUC of 1 implies where the other figures show errors."""
    if figure.high < 1 or not any(other.high < 1 for other in others):
        return ""
    assert stated.classes is not None
    first, second = stated.classes
    below = {(other.metric, other.scope) for other in others if other.high < 1}
    missed = bool(below & {("recall", first), ("precision", second)})
    false = bool(below & {("recall", second), ("precision", first)})
    if missed and false:
        return BOTH
    kind = f"{first} answered {second}" if missed else f"{second} answered {first}" if false else "of one kind"
    return SPLIT.format(kind)
