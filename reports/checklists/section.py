"""Sections: reporting checklists, answered from the results of a run."""

import dataclasses
import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.yaml_file import read_yaml
from reports.checklists import evidence, study
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, SECTIONS, YES, Answer
from reports.checklists.facts import facts
from reports.document import Block, Cell, Paragraph, Section, Table
from reports.results import Results
from reports.tables import bold_if, column, make_table
from reports.words import Words

WORDS = Words("checklists/section")
FILES = {"claim": "claim_2024", "reforms": "reforms"}
# Answers computed from the results: the public functions of two modules
COMPUTED: dict[str, Callable[[Results], Answer]] = {
    name: function
    for module in (study, evidence)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}
FOLDER = Path(__file__).parent
FIXED: Any = read_yaml(FOLDER / "answers.yaml")
ANSWERS = {*COMPUTED, *FIXED}


@dataclasses.dataclass(frozen=True)
class Item:
    """One item of a checklist, in words of our own; `answer` is one of ANSWERS, or `authors` with a `note`."""

    number: str
    section: str
    item: str
    answer: str
    note: str = ""

    def answered(self, results: Results, known: dict[str, object]) -> Answer:
        """Return the answer of a run with the facts `known`."""
        if self.answer == "authors":
            return Answer(AUTHORS, self.note)
        if self.answer in COMPUTED:
            return COMPUTED[self.answer](results)
        fixed = FIXED[self.answer]
        fixed = fixed.get("generated" if results.dataset["generated"] else "others", fixed)
        return Answer(**fixed | {"text": fixed["text"].format(**known)})


@dataclasses.dataclass(frozen=True)
class Checklist:
    """A published checklist, with the key of its reference."""

    name: str
    citation: str
    items: list[Item]


def load(file: str) -> Checklist:
    """Return the checklist in reports/checklists/<file>.yaml."""
    content: Any = read_yaml(FOLDER / f"{file}.yaml")
    return Checklist(content["name"], content["citation"], [Item(**item) for item in content["items"]])


def checklists(results: Results) -> Iterator[Section]:
    """Sections on checklists."""
    yield Section("checklists", WORDS.text("title"), [Paragraph(WORDS.text("about"))])
    known = facts(results)
    for anchor, file in FILES.items():
        checklist = load(file)
        answers = [item.answered(results, known) for item in checklist.items]
        blocks: list[Block] = [Paragraph(_count(answers)), _table(anchor, checklist, answers)]
        yield Section(f"checklist-{anchor}", checklist.name, blocks, level=2)


def _count(answers: list[Answer]) -> str:
    words = {"yes": YES, "partly": PARTLY, "authors": AUTHORS, "not_applicable": NOT_APPLICABLE}
    n = {name: sum(answer.answered == word for answer in answers) for name, word in words.items()}
    return WORDS.text("counts", n=len(answers), **n)


def _table(anchor: str, checklist: Checklist, answers: list[Answer]) -> Table:
    columns = [
        column("item", lambda pair: pair[0].number, "left"),
        column("asks for", lambda pair: pair[0].item, "wrap"),
        column("answered", lambda pair: bold_if(pair[1].answered, [AUTHORS]), "narrow"),
        column("answer", lambda pair: pair[1].text, "broad"),
        column("where", lambda pair: _where(pair[1]), "narrow"),
    ]
    parts = []
    for section, items in itertools.groupby(checklist.items, lambda item: item.section):
        numbers = [item.number for item in items]
        parts.append((section, numbers[0], numbers[-1]))
    caption = WORDS.text("caption", name=checklist.name, citation=checklist.citation, parts=parts)
    rows = zip(checklist.items, answers, strict=True)
    return make_table(f"checklist-{anchor}", caption, columns, rows, [])


def _where(answer: Answer) -> Cell:
    return Cell(SECTIONS[answer.where], link=answer.where) if answer.where else Cell(answer.file)
