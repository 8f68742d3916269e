"""Impossible figures by arithmetic: do the figures that a publication prints fit any confusion matrix?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from benchmarks.publications.arithmetic import unknown_supports
from benchmarks.publications.arithmetic.auc import auc
from benchmarks.publications.arithmetic.confusion import Matrix, value
from benchmarks.publications.arithmetic.many_classes import ManyClasses
from benchmarks.publications.arithmetic.printed import Figure, Stated, read
from benchmarks.publications.arithmetic.relations import relations
from benchmarks.publications.arithmetic.two_classes import TwoClasses
from benchmarks.publications.arithmetic.verdicts import (
    IMPOSSIBLE,
    NOT_EVALUABLE,
    POSSIBLE,
    Verdict,
    conflicts,
    count,
    count_range,
    keys,
    names,
    span,
)

MOST_SUPPORTS = 200  # images of two classes of which averaged figures are searched without supports
ONE_MATRIX = "Does one confusion matrix have these figures?"
# Where there is a choice, a violated relation is told by figures late in this order.
ORDER = ("specificity", "precision", "recall", "accuracy", "f1", "auc")


def check_figures(figures: Mapping[str, object]) -> list[Verdict]:
    """Return a verdict on each question that the printed `figures` raise.

    Keys and values: `python -m benchmarks.publications.figures --help`; a list is several printed values of one figure.
    Figures are those of one model, one test and one threshold. Raises BadInput, naming the key and what to write.
    """
    stated = read(figures)
    found = [*relations(stated), *_unread(stated)]
    total = sum(stated.supports.values())
    wrong = stated.n is not None and (total > stated.n or (stated.all_supports() is not None and total != stated.n))
    if stated.matrix is None and wrong:
        reason = f"The supports sum to {total:,}; n is {stated.n:,}."
        return [*found, Verdict("Do the supports sum to n?", IMPOSSIBLE, reason, ("n", "support"))]
    ordered = sorted(stated.figures, key=lambda figure: ORDER.index(figure.metric))
    stated = replace(stated, figures=tuple(ordered))
    return [*found, *(_printed_matrix(stated) if stated.matrix else _one_matrix(stated)), *auc(stated)]


def _unread(stated: Stated) -> Iterator[Verdict]:
    for figure in stated.unread:
        reason = f"Missing: which average. Write macro_{figure.metric}, weighted_{figure.metric} or {figure.key}.NAME."
        if stated.classes is None:
            reason = "Missing: the number of classes. Add classes=NUMBER or their names."
        yield Verdict(f"What does {figure} stand for?", NOT_EVALUABLE, reason, (figure.key,))


def _printed_matrix(stated: Stated) -> Iterator[Verdict]:
    """Compare the figures with those of the printed matrix."""
    assert stated.matrix is not None and stated.classes is not None
    matrix, classes = stated.matrix, stated.classes
    sums = {name: sum(row) for name, row in zip(classes, matrix, strict=True)}
    wrong = [
        f"{name} has {sums[name]:,} images, not {support:,}"
        for name, support in stated.supports.items()
        if sums[name] != support
    ]
    if stated.n not in (None, sum(sums.values())):
        wrong.append(f"the matrix has {sum(sums.values()):,} images, not {stated.n:,}")
    figures = [figure for figure in stated.figures if figure.metric != "auc"]
    for figure in figures:
        found = value(figure, matrix, classes)
        if not figure.contains(found):
            wrong.append(f"{figure.key} is {float(found):.4f}, not {figure.text}")
    question = "Does the printed matrix have these figures?"
    if wrong:
        yield Verdict(question, IMPOSSIBLE, f"By the matrix, {names(wrong)}.", keys(figures), matrix, classes)
    else:
        right = sum(matrix[i][i] for i in range(len(matrix)))
        reason = f"The matrix has all of them; {right:,} of {sum(sums.values()):,} answers are right."
        yield Verdict(question, POSSIBLE, reason, keys(figures), matrix, classes)


def _one_matrix(stated: Stated) -> Iterator[Verdict]:
    figures = [figure for figure in stated.figures if figure.metric != "auc"]
    supports, classes = stated.all_supports(), stated.classes
    if not figures:
        return
    if stated.n is None:
        yield from _sizes(stated, figures)
    elif classes is None:
        yield _missing(figures, "the number of classes. Add classes=NUMBER or their names")
    elif supports is None and len(classes) > 2:
        yield _missing(figures, "class supports. Add support.NAME=COUNT for each class")
    elif supports is None:
        yield _unknown_supports(stated, figures)
    elif len(classes) == 2:
        yield _two(stated, supports, figures)
    else:
        yield _many(stated, supports, figures)


def _missing(figures: Sequence[Figure], what: str) -> Verdict:
    return Verdict(ONE_MATRIX, NOT_EVALUABLE, f"Missing: {what}.", keys(figures))


def _together(found: Sequence[Sequence[Figure]]) -> str:
    return " ".join(f"No matrix has {names(one)}{' together' if len(one) > 1 else ''}." for one in found)


def _two(stated: Stated, supports: Sequence[int], figures: list[Figure]) -> Verdict:
    assert stated.classes is not None
    search = TwoClasses(supports[0], supports[1], stated.classes[0], figures)
    if matrix := search.example(figures):
        reason = f"For example {matrix[0][0] + matrix[1][1]:,} of {sum(supports):,} answers right."
        return Verdict(
            ONE_MATRIX, POSSIBLE, reason + _follows(stated, search, figures), keys(figures), matrix, stated.classes
        )
    found = conflicts(figures, search.fit)
    *given, last = found[0]
    reason = _together(found[:1])
    if given and last.metric != given[-1].metric:
        bounds = span(*search.span(last, given))
        reason += f" With {names(given)}, {last.key} is {bounds}; printed is {last.text}."
    reason = f"{reason} {_together(found[1:])}".strip()
    return Verdict(ONE_MATRIX, IMPOSSIBLE, reason, keys(figure for one in found for figure in one))


def _follows(stated: Stated, search: TwoClasses, figures: list[Figure]) -> str:
    """Return in words which figures that are not printed follow from those that are."""
    assert stated.classes is not None
    known = {(figure.metric, figure.scope) for figure in figures}
    wanted = [("recall", name) for name in stated.classes] + [("accuracy", None)]
    words = []
    for metric, scope in wanted:
        if (metric, scope) not in known:
            key = metric if scope is None else f"{metric}.{scope}"
            if stated.positive not in (None, scope) and metric == "recall":
                key = "specificity"
            low, high = search.span(replace(figures[0], metric=metric, scope=scope), figures)
            words.append(f"{key} {span(low, high)}")
    return f" Implied: {names(words)}." if words else ""


def _many(stated: Stated, supports: tuple[int, ...], figures: list[Figure]) -> Verdict:
    assert stated.classes is not None
    search = ManyClasses(stated.classes, supports)
    answer = search.answer(figures)
    if answer is None:
        reason = "No matrix was found, and no proof that there is none. Missing: figures of each class."
        return Verdict(ONE_MATRIX, NOT_EVALUABLE, reason, keys(figures))
    if answer is False:
        found = conflicts(figures, search.may_fit, 1) or [figures]
        return Verdict(ONE_MATRIX, IMPOSSIBLE, _together(found) + search.sums(found[0]), keys(found[0]))
    right = sum(answer[i][i] for i in range(len(supports)))
    reason = f"For example {right:,} of {sum(supports):,} answers right."
    return Verdict(ONE_MATRIX, POSSIBLE, reason, keys(figures), answer, stated.classes)


def _unknown_supports(stated: Stated, figures: list[Figure]) -> Verdict:
    """Search all supports of two classes."""
    assert stated.classes is not None
    classes = stated.classes
    searched = [figure for figure in figures if unknown_supports.searchable(figure)]
    stated = replace(stated, positive=classes[0])

    def example(some: list[Figure]) -> Matrix | None:
        return unknown_supports.matrix(stated, some)

    if len(searched) < len(figures) and stated.n is not None and stated.n <= MOST_SUPPORTS and not stated.supports:
        every = sorted(range(stated.n + 1), key=lambda support: abs(2 * support - (stated.n or 0)))
        searches = [TwoClasses(support, stated.n - support, classes[0], figures) for support in every]
        searched = figures

        def example(some: list[Figure]) -> Matrix | None:
            return next((one.example(some) for one in searches if one.fit(some)), None)

    try:
        matrix = example(searched)
        found = [] if matrix else conflicts(searched, lambda some: example(some) is not None)
    except OverflowError:
        return _missing(figures, "class supports. Add support.NAME=COUNT")
    if not matrix:
        return Verdict(
            ONE_MATRIX,
            IMPOSSIBLE,
            f"With n {stated.n:,}: {_together(found)}",
            keys(figure for one in found for figure in one),
        )
    if not all(figure.contains(value(figure, matrix, classes)) for figure in figures):
        return _missing(figures, "class supports, without which averaged figures are not searched")
    reason = f"The supports are not stated; for example {sum(matrix[0]):,} and {sum(matrix[1]):,}."
    return Verdict(ONE_MATRIX, POSSIBLE, reason, keys(figures), matrix, classes)


def _sizes(stated: Stated, figures: list[Figure]) -> Iterator[Verdict]:
    """Say which test sizes fit, with how many errors."""
    two = stated.classes is not None and len(stated.classes) == 2
    searched = [figure for figure in figures if figure.scope is None or (two and unknown_supports.searchable(figure))]
    left = [figure for figure in figures if figure not in searched]
    if left:
        yield _missing(left, "n and class supports. Add support.NAME=COUNT for each class")
    if not searched:
        return
    stated = replace(stated, positive=stated.classes[0]) if two and stated.classes else replace(stated, supports={})
    found = unknown_supports.sizes(stated, searched)
    question = f"Which test sizes fit {names(searched)}?"
    if found:
        words = [f"{count(errors, 'error')}: {_ranges(ranges)}" for errors, ranges in found.items()]
        yield Verdict(question, POSSIBLE, f"n is not stated. Test sizes by errors: {'; '.join(words)}.", keys(searched))
    elif unknown_supports.exhaustive(stated, searched):
        yield Verdict(question, IMPOSSIBLE, f"No test of up to {stated.n_max:,} images has them.", keys(searched))
    else:
        reason = f"Missing: n. No test with up to {unknown_supports.MOST_ERRORS:,} errors has them."
        yield Verdict(question, NOT_EVALUABLE, reason, keys(searched))


def _ranges(ranges: list[tuple[int, int | None]]) -> str:
    return ", ".join([*(count_range(*one) for one in ranges[:5]), *["..."] * (len(ranges) > 5)])
