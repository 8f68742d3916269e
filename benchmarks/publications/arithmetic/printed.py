"""Figures as a publication prints them: keys, values with their rounding intervals, classes and class supports."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from benchmarks.errors import BadInput

CLASS_METRICS = ("accuracy", "precision", "recall", "specificity", "f1", "auc")  # may be printed for one class
AVERAGED = ("precision", "recall", "f1", "auc")
ALIASES = {"sensitivity": "recall", "ppv": "precision"}
SETTINGS = ("n", "n_max", "classes", "positive", "matrix", "support")
AVERAGES = ("macro", "weighted")
OF_TWO = ("sensitivity", "specificity", "ppv", "npv")  # without a class name: figures of two classes
MOST_IMAGES = 1_000_000
FINEST = 10**7
KEYS = (*SETTINGS, *CLASS_METRICS, "npv", "balanced_accuracy", *ALIASES)
KEYS += tuple(f"{average}_{metric}" for average in (*AVERAGES, "micro") for metric in AVERAGED)
NUMBER = re.compile(r"(\d+(?:\.(\d*))?|\.(\d+))\s*(%?)")


@dataclass(frozen=True)
class Figure:
    """A printed figure: it stands for any value in [low, high].

    `scope` is a class, "macro", "weighted" or None (all images). `metric` and `scope` name what is computed, `key` what
    the user wrote: of two classes, `specificity` is the recall of the other class.
    """

    key: str
    text: str
    metric: str
    scope: str | None
    low: Fraction
    high: Fraction

    def __str__(self) -> str:
        return f"{self.key} {self.text}"

    def contains(self, value: Fraction) -> bool:
        """Return whether the printed figure stands for `value`."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Stated:
    """What a publication states: `classes` is None if their number is unknown; `unread` are ambiguous figures."""

    classes: tuple[str, ...] | None
    positive: str | None = None
    n: int | None = None
    n_max: int | None = None
    supports: dict[str, int] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    unread: tuple[Figure, ...] = ()
    matrix: tuple[tuple[int, ...], ...] | None = None

    def of(self, metric: str, scope: str | None) -> list[Figure]:
        """Return the figures of one quantity; more than one if it was printed more than once."""
        return [figure for figure in self.figures if (figure.metric, figure.scope) == (metric, scope)]

    def all_supports(self) -> tuple[int, ...] | None:
        """Return the support of each class, or None if one is unknown."""
        if self.classes is None or set(self.supports) != set(self.classes):
            return None
        return tuple(self.supports[name] for name in self.classes)


def interval(key: str, text: str) -> tuple[Fraction, Fraction]:
    """Return the bounds of what rounds, half up or half even, to the number `text`, within [0, 1]. Raises BadInput.

    Bounds of more than seven digits are widened to seven.
    """
    match = NUMBER.fullmatch(text.strip())
    if not match:
        raise BadInput(f"{key}={text}: not a number; write it as printed, for example 0.98 or 98.2%")
    unit = Fraction(1, 10 ** len(match[2] or match[3] or "")) / (100 if match[4] else 1)
    value = Fraction(match[1].rstrip(".")) / (100 if match[4] else 1)
    if value > 1:
        raise BadInput(f"{key}={text}: above 1; write a percentage with its sign ({text}%)")
    low, high = (value - unit / 2) * FINEST, (value + unit / 2) * FINEST
    return max(Fraction(floor(low), FINEST), Fraction(0)), min(Fraction(ceil(high), FINEST), Fraction(1))


def read(figures: Mapping[str, object]) -> Stated:
    """Return what `figures` state. Keys and values: see `python -m benchmarks.publications.figures --help`.

    A value is text, a number, or a list of several printed values; {"recall": {"Benign": "0.49"}} is read like
    {"recall.Benign": "0.49"}. Raises BadInput, naming the key and what to write.
    """
    entries = [(key, text) for key, value in figures.items() for key, text in _flat(str(key), value)]
    for key, _ in entries:
        _known(key)
    single = {entry for entry in entries if entry[0].split(".")[0] in SETTINGS}
    settings = dict(single)
    if len(settings) < len(single):
        twice = min(key for key, text in single if settings[key] != text)
        raise BadInput(f"{twice}: stated twice, and differently; write it once")
    matrix = _matrix(settings["matrix"]) if "matrix" in settings else None
    supports = {key.split(".", 1)[1]: _count(key, text) for key, text in entries if key.startswith("support.")}
    values = [(key, text) for key, text in entries if key.split(".", 1)[0] not in SETTINGS]
    dotted = dict.fromkeys(key.split(".", 1)[1] for key, _ in entries if "." in key)
    two = any(key in OF_TWO for key, _ in values)
    averaged = any(key.split("_")[0] in AVERAGES or key == "balanced_accuracy" for key, _ in values)
    classes = _classes(settings.get("classes"), tuple(dotted), matrix, two or not averaged)
    positive = settings.get("positive", "positive" if classes and "positive" in classes else None)
    if positive is not None and (classes is None or positive not in classes):
        raise BadInput(f"positive={positive}: not a class; classes are {', '.join(classes or ())}; write one of them")
    counts = {key: _count(key, settings[key]) for key in ("n", "n_max") if key in settings}
    n = counts.get("n")
    if classes and matrix:
        supports = {name: sum(row) for name, row in zip(classes, matrix, strict=True)} | supports
    if classes and n is not None and len(supports) == len(classes) - 1 and sum(supports.values()) <= n:
        supports |= {(set(classes) - set(supports)).pop(): n - sum(supports.values())}
    if classes and n is None and len(supports) == len(classes):
        n = sum(supports.values())
        if n == 0:
            raise BadInput("support: no class has images; write support.NAME=COUNT as printed")
    parsed = [_figure(key, text, classes, positive) for key, text in values]
    readable = tuple(figure for figure in parsed if figure.scope != "?")
    unread = tuple(figure for figure in parsed if figure.scope == "?")
    return Stated(classes, positive, n, counts.get("n_max"), supports, readable, unread, matrix)


def _flat(key: str, value: object) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    elif key == "matrix" and isinstance(value, list | tuple):
        yield key, "/".join(" ".join(map(str, row)) for row in value)
    elif key == "classes" and isinstance(value, list | tuple):
        yield key, ",".join(map(str, value))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _flat(key, inner)
    else:
        yield key, str(value).strip()


def _known(key: str) -> None:
    metric, dot, name = key.partition(".")
    if metric not in KEYS:
        near = difflib.get_close_matches(metric, KEYS, 1)
        raise BadInput(
            f"{key}: unknown key; {f'did you mean {near[0]}? ' if near else ''}write one of {', '.join(KEYS)}"
        )
    per_class = metric in (*CLASS_METRICS, *ALIASES, "support")
    if dot and not (per_class and name):
        raise BadInput(f"{key}: {metric} is not printed for one class; write {metric}=VALUE")
    if metric == "support" and not name:
        raise BadInput("support: which class? write support.NAME=COUNT")


def _count(key: str, text: str) -> int:
    if text.isdecimal() and int(text) > MOST_IMAGES:
        raise BadInput(f"{key}={text}: above {MOST_IMAGES:,}; figures of more images are not checked, leave it out")
    if not text.isdecimal() or (int(text) == 0 and key in ("n", "n_max")):
        raise BadInput(f"{key}={text}: not a number of images; write a whole number without separators")
    return int(text)


def _matrix(text: str) -> tuple[tuple[int, ...], ...]:
    rows = [row.split() for row in text.replace(",", " ").split("/")]
    if not all(cell.isdecimal() for row in rows for cell in row) or {len(row) for row in rows} != {len(rows)}:
        raise BadInput("matrix: not square, or not counts; write rows (true class) like matrix='50 2/3 45'")
    if len(rows) < 2 or not any(int(cell) for row in rows for cell in row):
        raise BadInput("matrix: fewer than two classes, or no images; write one row per class")
    return tuple(tuple(int(cell) for cell in row) for row in rows)


def _classes(
    text: str | None, dotted: tuple[str, ...], matrix: tuple[tuple[int, ...], ...] | None, two: bool
) -> tuple[str, ...] | None:
    """Return the names of the classes: as stated, else as in keys like recall.Benign, else `two` or unknown."""
    if text is None and not dotted and matrix is None:
        return ("positive", "negative") if two else None
    names, given = dotted, text is not None and not text.isdecimal()
    if given and text is not None:
        names = tuple(name.strip() for name in text.split(","))
    elif text is None and matrix is None and set(dotted) <= {"positive", "negative"}:
        names = ("positive", "negative")
    size = int(text) if text is not None and not given else len(matrix or names)
    usual = ("positive", "negative") if size == 2 and matrix is None else tuple(str(i + 1) for i in range(size))
    if not given and set(dotted) <= set(usual):
        names = usual
    if unknown := [name for name in dotted if name not in names]:
        raise BadInput(f"{unknown[0]}: not in classes={text}; write the same names in classes and in keys")
    if len(names) < 2 or len(set(names)) < len(names) or len(names) != size or (matrix and len(matrix) != size):
        raise BadInput(
            f"classes: {size} classes, {len(matrix) if matrix else 'no'} rows of matrix, names {', '.join(names)};"
            " name every class once (classes=A,B,C), and at least two"
        )
    return names


def _figure(key: str, text: str, classes: tuple[str, ...] | None, positive: str | None) -> Figure:
    """Return the figure of one entry; its scope is "?" if the publication leaves open what it means."""
    low, high = interval(key, text)
    prefix, _, name = key.partition(".")
    average, _, rest = prefix.partition("_")
    scope: str | None = name or None
    if prefix == "balanced_accuracy":
        metric, scope = "recall", "macro"
    elif average in (*AVERAGES, "micro"):
        metric, scope = rest, average
    else:
        metric = ALIASES.get(prefix, prefix)
    two = classes is not None and len(classes) == 2
    if (metric, scope) == ("recall", "weighted") or (scope == "micro" and metric != "auc"):
        metric, scope = "accuracy", None
    if metric == "auc" and two:
        scope = None
    if metric == "accuracy" and two:
        scope = None
    if scope is None and metric not in ("accuracy", "auc"):
        if not two:
            return Figure(key, text, metric, "?", low, high)
        if positive is None:
            raise BadInput(f"{key}: which class? write {key}.NAME, or add positive=NAME")
        scope = positive
    if two and metric in ("specificity", "npv"):
        scope = next(name for name in classes or () if name != scope)
        metric = {"specificity": "recall", "npv": "precision"}[metric]
    return Figure(key, text, metric, scope, low, high)
