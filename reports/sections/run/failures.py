"""What is missing from the report, as its cells failed."""

from collections.abc import Iterator

from reports.document import Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.wording import listed, plural


def warning(results: Results) -> Iterator[str]:
    """For the first page: what is missing; nothing if all cells are complete."""
    if results.failures:
        yield f"Not complete: {_missing(results)}, {'and is' if len(_names(results)) == 1 else 'and are'} left out."


def failures(results: Results) -> Iterator[Section]:
    """The section on what failed; none if all cells are complete."""
    if not results.failures:
        return
    text = (
        f"{_missing(results)[0].upper()}{_missing(results)[1:]}. All their cells are left out here, those that are "
        "complete too, as a comparison of some folds is none. The same command tries again what failed."
    )
    rows = [
        [
            Cell(row["architecture"]),
            Cell("file" if row["protocol"] is None else f"{row['protocol']}, fold {row['fold']}"),
            Cell(row["reason"], below=row["log"]),
        ]
        for row in results.failures
    ]
    columns = [
        Column("architecture", "left"),
        Column("what", "left"),
        Column("reason, and the log that says more", "left"),
    ]
    yield Section(
        "failed-cells", "Failed cells", [Paragraph(text), Table("table-failed", "What failed.", columns, rows, [])]
    )


def _names(results: Results) -> list[str]:
    return list(dict.fromkeys(row["architecture"] for row in results.failures))


def _missing(results: Results) -> str:
    names = _names(results)
    cells = [row for row in results.failures if row["protocol"] is not None]
    if not cells:
        return f"{listed(names)} failed the check of {'its file' if len(names) == 1 else 'their files'}"
    return f"{plural(len(results.failures), 'cell')} of {listed(names)} failed"
