"""Words of the report: numbers and names as the report prints them."""

from collections.abc import Callable, Iterable

import pandas as pd

MISSING = "–"  # noqa: RUF001 - an en dash, as in printed tables
NOT_EVALUABLE = "not evaluable"
# Protocols in sentences; figures, tables and files have their keys
SPLITS = {
    "published": "the published split",
    "as_shipped": "the split as shipped",
    "by_source": "the split by source image",
    "by_patient": "the split by patient",
    "official": "the official split",
    "external": "the external test",
}
SPELLED = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with fixed digits and a minus sign; a dash if the number is missing."""
    if value is None or pd.isna(value):
        return MISSING
    # Adding 0 after rounding turns -0.00 into 0.00.
    return f"{round(value, digits) + 0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def p_value(value: float | None) -> str:
    """Return a p or q value; a dash if the number is missing."""
    return "<0.001" if value is not None and value < 0.001 else number(value, 3)


def per_cent(share: float) -> str:
    """Return `86%`; a dash if the share is missing."""
    return MISSING if pd.isna(share) else f"{share * 100:.0f}%"


def count(value: float) -> str:
    """Return a whole number with thousands separated; a dash if the number is missing."""
    return MISSING if pd.isna(value) else f"{value:,.0f}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """Return `low to high`; `no interval` if a limit is missing."""
    return "no interval" if pd.isna(low) or pd.isna(high) else f"{number(low, digits)} to {number(high, digits)}"


def span(values: pd.Series, words: Callable[[float], str] = number) -> str:
    """Return `lowest to highest` of `values` as worded by `words`; only one of them if both read the same."""
    low, high = words(values.min()), words(values.max())
    return low if low == high else f"{low} to {high}"


def units(n: float, unit: str) -> str:
    """Return `50 patients` or `1 patient`."""
    return f"{count(n)} {unit.removesuffix('s')}{'' if n == 1 else 's'}"


def plural(n: int, noun: str) -> str:
    """Return `1 cell` or `3 cells`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def spelled(n: int) -> str:
    """Return a number up to nine in letters, `none` for 0."""
    return SPELLED[n] if n < len(SPELLED) else f"{n:,}"


def listed(names: Iterable[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`. `names` must not be empty."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def split(protocol: str) -> str:
    """Return a protocol as sentences name it, `the split by patient`; its key if it has no such words."""
    return SPLITS.get(protocol, protocol)


def spoken(name: str) -> str:
    """Return a name without underscores."""
    return name.replace("_", " ")


def capitalised(text: str) -> str:
    """Return `text` with a capital first letter; the other letters stay."""
    return text[:1].upper() + text[1:]


def duration(seconds: float) -> str:
    """Return seconds as `1 h 02 min`, `3 min 20 s` or `12.5 s`."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{seconds:.1f} s"
