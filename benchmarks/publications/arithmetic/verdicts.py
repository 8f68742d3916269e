"""Verdicts on printed figures, and the words for numbers in them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.publications.arithmetic.confusion import Matrix
from benchmarks.publications.arithmetic.printed import Figure

POSSIBLE, IMPOSSIBLE, NOT_EVALUABLE = "possible", "impossible", "not evaluable"


@dataclass(frozen=True)
class Verdict:
    """An answer to one question on printed figures.

    `verdict` is POSSIBLE, IMPOSSIBLE or NOT_EVALUABLE; `reason` names the fitting counts, the violated relation or what
    is missing; `figures` are the keys concerned; `matrix` (rows: true class, in the order of `classes`) is an example.
    """

    question: str
    verdict: str
    reason: str
    figures: tuple[str, ...] = ()
    matrix: Matrix | None = None
    classes: tuple[str, ...] = ()


def keys(figures: Iterable[Figure]) -> tuple[str, ...]:
    """Return the keys of figures, each once."""
    return tuple(dict.fromkeys(figure.key for figure in figures))


def names(figures: Iterable[object]) -> str:
    """Return figures with their printed values, or other words, as a list in words."""
    listed = [str(figure) for figure in figures]
    return f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else "".join(listed)


def count(number: int, thing: str) -> str:
    """Return "1 error", "1,200 errors"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def count_range(low: int, high: int | None) -> str:
    """Return "1,200", "1,200 to 1,300" or, without an upper bound, "1,200 and more"."""
    return f"{low:,} and more" if high is None else f"{low:,}" if low == high else f"{low:,} to {high:,}"


def span(low: float, high: float) -> str:
    """Return a range of figures in words, bounds rounded to four digits."""
    return f"{low:.4f}" if f"{low:.4f}" == f"{high:.4f}" else f"{low:.4f} to {high:.4f}"


def conflict(figures: Sequence[Figure], fit: Callable[[list[Figure]], bool]) -> list[Figure]:
    """Return some of `figures` that do not fit together, though they do without any one; `fit` judges a list.

    Later figures are kept where there is a choice.
    """
    kept = list(figures)
    # Whole metrics first: fewer searches than figure by figure.
    groups = [[one for one in figures if one.metric == metric] for metric in dict.fromkeys(f.metric for f in figures)]
    for dropped in (*groups, *([figure] for figure in figures)):
        rest = [figure for figure in kept if figure not in dropped]
        if len(rest) < len(kept) and not fit(rest):
            kept = rest
    return kept


def conflicts(figures: Sequence[Figure], fit: Callable[[list[Figure]], bool], most: int = 3) -> list[list[Figure]]:
    """Return up to `most` conflicts without a common figure."""
    rest, found = list(figures), list[list[Figure]]()
    while len(found) < most and rest and not fit(rest):
        found.append(conflict(rest, fit))
        rest = [figure for figure in rest if figure not in found[-1]]
    return found
