"""Reporting checklists, answered from the run as far as it can."""

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import reports.checklists
from benchmarks.yaml_file import read_yaml
from reports.checklists import data, evidence, models
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, SECTIONS, YES, Answer
from reports.document import Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.wording import listed

FILES = {"claim": "claim_2024", "reforms": "reforms"}
ANSWERS = data.ANSWERS | models.ANSWERS | evidence.ANSWERS


@dataclasses.dataclass(frozen=True)
class Item:
    """One item of a checklist, in words of our own; `answer` is a key of ANSWERS, or `authors` with a `note`."""

    number: str
    section: str
    item: str
    answer: str
    note: str = ""

    def answered(self, results: Results) -> Answer:
        """What the run says of it."""
        return Answer(AUTHORS, self.note) if self.answer == "authors" else ANSWERS[self.answer](results)


@dataclasses.dataclass(frozen=True)
class Checklist:
    """A published checklist, with the key of its reference."""

    name: str
    citation: str
    items: list[Item]


def load(file: str) -> Checklist:
    """The checklist in reports/checklists/<file>.yaml."""
    content = read_yaml(Path(reports.checklists.__file__).with_name(f"{file}.yaml"))
    return Checklist(content["name"], content["citation"], [Item(**item) for item in content["items"]])


def checklists(results: Results) -> Iterator[Section]:
    """The sections on checklists."""
    text = (
        "Items are put in our own words; go by the originals. Each is answered from the files of this run, with a "
        "pointer to where more stands. An answer says that something is told, not that it is as it should be."
    )
    yield Section("checklists", "Reporting checklists", [Paragraph(text)])
    for anchor, file in FILES.items():
        checklist = load(file)
        answers = [item.answered(results) for item in checklist.items]
        blocks = [Paragraph(_count(answers)), _table(anchor, checklist, answers)]
        yield Section(f"checklist-{anchor}", checklist.name, blocks, level=2)


def _count(answers: list[Answer]) -> str:
    n = {word: sum(answer.answered == word for answer in answers) for word in (YES, PARTLY, AUTHORS, NOT_APPLICABLE)}
    return (
        f"{n[YES]} of {len(answers)} items are answered from this run, {n[PARTLY]} partly; left to the authors: "
        f"{n[AUTHORS]}; not applicable: {n[NOT_APPLICABLE]}."
    )


def _table(anchor: str, checklist: Checklist, answers: list[Answer]) -> Table:
    rows = []
    for item, answer in zip(checklist.items, answers, strict=True):
        where = Cell(SECTIONS[answer.where], link=answer.where) if answer.where else Cell(answer.file)
        about = (Cell(item.number), Cell(item.item), Cell(answer.answered, strong=answer.answered == AUTHORS))
        rows.append([*about, Cell(answer.text), where])
    titles = [Column("item", "left"), Column("asks for", "wrap"), Column("answered", "narrow")]
    titles += [Column("answer", "broad"), Column("where", "narrow")]
    parts = listed(
        [
            f"{section} ({numbers[0]}{f' to {numbers[-1]}' if len(numbers) > 1 else ''})"
            for section, numbers in _parts(checklist.items)
        ]
    )
    caption = f"{checklist.name} [@{checklist.citation}]: {parts}."
    return Table(f"table-checklist-{anchor}", caption, titles, rows, [])


def _parts(items: list[Item]) -> Iterator[tuple[str, list[str]]]:
    for section, own in itertools.groupby(items, lambda item: item.section):
        yield section, [item.number for item in own]
