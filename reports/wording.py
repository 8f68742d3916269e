"""Numbers and names as the report prints them."""

import pandas as pd

from reports.document import Cell

MISSING = "–"  # noqa: RUF001 - an en dash, as printed tables have it
NOT_EVALUABLE = "not evaluable"


def number(value: float, digits: int = 2) -> str:
    """A number with fixed digits (a proper minus sign); a dash if it is missing."""
    # Adding 0 after rounding turns -0.00 into 0.00.
    return MISSING if pd.isna(value) else f"{round(value, digits) + 0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def per_cent(share: float) -> str:
    """`86 %`; a dash if it is missing."""
    return MISSING if pd.isna(share) else f"{share * 100:.0f} %"


def count(value: float) -> str:
    """A whole number with thousands separated; a dash if it is missing."""
    return MISSING if pd.isna(value) else f"{value:,.0f}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """`low to high`, or that there is none."""
    return "no interval" if pd.isna(low) or pd.isna(high) else f"{number(low, digits)} to {number(high, digits)}"


def units(n: float, unit: str) -> str:
    """`50 patients`, `1 patient`."""
    return f"{count(n)} {unit.removesuffix('s')}{'' if n == 1 else 's'}"


def plural(n: int, noun: str) -> str:
    """`1 cell`, `3 cells`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def estimate(value: float, low: float, high: float) -> Cell:
    """A cell with an estimate and its interval below."""
    return Cell(NOT_EVALUABLE) if pd.isna(value) else Cell(number(value), interval(low, high))


def duration(seconds: float) -> str:
    """Seconds as `1 h 02 min`, `3 min 20 s` or `12.5 s`."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{seconds:.1f} s"
