"""The supplement: everything that a study measured, section by section."""

import dataclasses
from collections.abc import Callable, Iterator

from reports.article.heading import heading
from reports.checklists.section import checklists
from reports.document import Section, Supplement
from reports.results import Results
from reports.sections.audit import leakage, quality, shortcuts
from reports.sections.bias import bias, calibrated, evidence
from reports.sections.cards import model_cards
from reports.sections.claims import claims
from reports.sections.classes import classes, collapse, spread
from reports.sections.comparison import comparison
from reports.sections.controls import control, learning_curve
from reports.sections.methods import architectures, data, folds, per_fold, run, statistics
from reports.sections.models import explanations, galleries, training, tuning
from reports.sections.positive_control import positive_control
from reports.sections.run import cells, failures, limits, provenance
from reports.sections.scores import curves, external, scores

Part = Callable[[Results], Iterator[Section]]


@dataclasses.dataclass(frozen=True)
class Chapter:
    """Parts under one heading; without a `title`, the first section of the first part is the heading."""

    parts: tuple[Part, ...]
    title: str = ""
    anchor: str = ""

    def sections(self, results: Results) -> Iterator[Section]:
        """Yield the sections of all parts, each one level below the heading of the chapter."""
        if self.title:
            yield Section(self.anchor, self.title, [])
        for number, part in enumerate(self.parts):
            for section in part(results):
                yield dataclasses.replace(section, level=section.level + (bool(self.title) or number > 0))


OUTLINE = (
    Chapter((failures,)),
    Chapter((run, folds, architectures, statistics), "Methods", "methods"),
    Chapter((data,)),
    Chapter((leakage, shortcuts, control, positive_control), "Audit", "audit"),
    Chapter((scores, external, collapse)),
    Chapter((comparison, tuning, learning_curve)),
    Chapter((explanations, bias), "Explanations and bias", "explanations"),
    Chapter((claims,)),
    Chapter((limits,)),
    Chapter((provenance,)),
    Chapter((classes, curves, per_fold, spread), "Classes, curves and folds", "classes-and-folds"),
    Chapter((training,)),
    Chapter((galleries, evidence, calibrated, quality), "Pictures and calibration", "pictures"),
    Chapter((model_cards,)),
    Chapter((checklists,)),
    Chapter((cells,)),
)


def supplement(results: Results) -> Supplement:
    """Return the supplement of a study. Raises BadInput if a table is missing."""
    sections = [section for chapter in OUTLINE for section in chapter.sections(results)]
    return Supplement(**heading(results), sections=sections)
