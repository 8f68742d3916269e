"""Reader of the dictionary: tables/*.yaml, a file for each room.

A table has

    files      files with these columns, below results/<study>; a <word> in angle brackets stands for any name
    writer     module that writes the file (the first of several)
    about      one sentence or two
    absent     when a finished study lacks the file; never, if missing
    columns    name -> description; a <word> in the name stands for any text. Keys of a JSON file count as columns

and a column (common.yaml describes columns of several tables; a table may change parts of a description)

    type       one of TYPES
    unit       of numbers; without one, numbers are counts, shares, probabilities, or as the column `metric` says
    range      lowest and highest value, null for none
    values     all that a text may be; an asterisk at the end stands for any further words
    empty      when a value is missing; never, if not given
    absent     when a file lacks the column; never, if not given
    about      meaning, in one sentence
"""

import dataclasses
import functools
import re
from pathlib import Path

from benchmarks.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "tables"
COMMON = "common"
# Type -> JSON type, lowest and highest value.
TYPES: dict[str, tuple[str, float | None, float | None]] = {
    "text": ("string", None, None),
    "integer": ("integer", None, None),
    "count": ("integer", 0, None),
    "number": ("number", None, None),
    "share": ("number", 0, 1),
    "difference": ("number", -1, 1),
    "boolean": ("boolean", None, None),
    "time": ("string", None, None),
    "list": ("array", None, None),
    "mapping": ("object", None, None),
    "any": ("", None, None),
}


@dataclasses.dataclass(frozen=True)
class Column:
    """Description of one column."""

    name: str
    type: str
    about: str
    unit: str = ""
    range: tuple[float | None, float | None] = (None, None)
    values: tuple[str, ...] = ()
    empty: str = ""
    absent: str = ""

    @property
    def json_type(self) -> str:
        """Type in JSON; empty for any."""
        return TYPES[self.type][0]

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Lowest and highest value, None for none: the column's own, else those of its type."""
        _, *of_type = TYPES[self.type]
        low, high = (of_type[end] if own is None else own for end, own in enumerate(self.range))
        return low, high


@dataclasses.dataclass(frozen=True)
class Table:
    """Description of one table; `room` is the name of the YAML file."""

    name: str
    room: str
    files: tuple[str, ...]
    writer: str
    about: str
    columns: tuple[Column, ...]
    absent: str = ""

    def column(self, name: str) -> Column | None:
        """Return the description of the column `name`, None if there is none."""
        exact = next((column for column in self.columns if column.name == name), None)
        return exact or next((column for column in self.columns if stands_for(column.name, name)), None)


def stands_for(pattern: str, name: str) -> bool:
    """Return whether `name` fits `pattern`, in which a <word> stands for any text without a slash."""
    return re.fullmatch(re.sub(r"<[^<>]+>", "[^/]+", re.sub(r"[.()*+]", r"\\\g<0>", pattern)), name) is not None


@functools.cache
def tables() -> tuple[Table, ...]:
    """Return all tables, room by room. Raises BadInput if a file can't be read."""
    common = read_yaml(FOLDER / f"{COMMON}.yaml")
    rooms = [path for path in sorted(FOLDER.glob("*.yaml")) if path.stem != COMMON]
    return tuple(
        _table(name, path.stem, content, common) for path in rooms for name, content in read_yaml(path).items()
    )


def _table(name: str, room: str, content: dict, common: dict) -> Table:
    columns = tuple(_column(column, common.get(column, {}) | (own or {})) for column, own in content["columns"].items())
    return Table(**(content | {"name": name, "room": room, "files": tuple(content["files"]), "columns": columns}))


def _column(name: str, content: dict) -> Column:
    lists = {key: tuple(content[key]) for key in ("range", "values") if key in content}
    return Column(**(content | {"name": name} | lists))


def named(name: str) -> Table:
    """Return the table `name`."""
    return next(table for table in tables() if table.name == name)


def described(path: str) -> Table | None:
    """Return the table of a file, named from the results folder of the study; None if none is described.

    Of several patterns that fit, the one with the fewest places and the most letters counts.
    """
    fitting = [(pattern, table) for table in tables() for pattern in table.files if stands_for(pattern, path)]
    order = {pattern: (pattern.count("<"), -len(re.sub(r"<[^<>]+>", "", pattern))) for pattern, _ in fitting}
    return min(fitting, key=lambda pair: order[pair[0]])[1] if fitting else None
