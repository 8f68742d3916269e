"""From a study's files to the report, before it is HTML or LaTeX. Computes no score: it words what the tables hold."""

import dataclasses
from collections.abc import Callable, Iterator

from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study
from reports.checklists.section import checklists
from reports.document import Figures, Picture, Report, Section
from reports.findings import KEPT_APART, answer, finding, main_honest
from reports.results import Results
from reports.sections.audit.claims import claims, first_page
from reports.sections.audit.folds import folds, per_fold
from reports.sections.audit.leakage import leakage, quality
from reports.sections.audit.shortcuts import shortcuts
from reports.sections.models.bias import bias, calibrated, evidence, first_sentence
from reports.sections.models.cards import model_cards
from reports.sections.models.models import explanations, galleries, training
from reports.sections.run.failures import failures, warning
from reports.sections.run.limits import GENERATED_WARNING, limits
from reports.sections.run.provenance import provenance
from reports.sections.run.run import architectures, data, run
from reports.sections.run.sure import sure
from reports.sections.scores.cells import cells
from reports.sections.scores.classes import classes
from reports.sections.scores.comparison import baseline_sentence, comparison
from reports.sections.scores.control import control, leakage_sentence
from reports.sections.scores.external import external
from reports.sections.scores.learning_curve import learning_curve
from reports.sections.scores.robustness import collapse, spread
from reports.sections.scores.scores import curves, scores
from reports.sections.scores.statistics import statistics
from reports.sections.scores.tuning import tuning

TITLE = "Mammogram classifiers, re-evaluated"
TITLE_OF = {"image_folder": "Image classifiers, re-evaluated"}  # by data set, where it may hold images of any kind

Part = Callable[[Results], Iterator[Section]]


@dataclasses.dataclass(frozen=True)
class Chapter:
    """Parts under one heading; without a `title`, the first section of the first part is the chapter."""

    parts: tuple[Part, ...]
    title: str = ""
    anchor: str = ""
    appendix: bool = False

    def sections(self, results: Results) -> Iterator[Section]:
        """All sections, each part's below the chapter's heading."""
        if self.title:
            yield Section(self.anchor, self.title, [], appendix=self.appendix)
        for number, part in enumerate(self.parts):
            for section in part(results):
                deeper = bool(self.title) or number > 0
                yield dataclasses.replace(section, level=section.level + deeper, appendix=self.appendix)


OUTLINE = (
    Chapter((failures,)),
    Chapter((run, folds, architectures, statistics), "Methods", "methods"),
    Chapter((data,)),
    Chapter((leakage, shortcuts, control), "Audit", "audit"),
    Chapter((scores, external, collapse)),
    Chapter((comparison, tuning, learning_curve)),
    Chapter((explanations, bias), "Explanations and bias", "explanations"),
    Chapter((claims,)),
    Chapter((limits,)),
    Chapter((provenance,)),
    Chapter((classes, curves, per_fold, spread), "Classes, curves and folds", "classes-and-folds", appendix=True),
    Chapter((training,), appendix=True),
    Chapter((galleries, evidence, calibrated, quality), "Pictures and calibration", "pictures", appendix=True),
    Chapter((model_cards,), appendix=True),
    Chapter((checklists,), appendix=True),
    Chapter((cells,), appendix=True),
)


def build(study: Study) -> Report:
    """The report of `study`. Raises BadInput if a table is missing."""
    results = Results(study)
    headline, inflation = (results.networks(name) for name in ("headline", "inflation"))
    code = results.provenance["code"]
    commit = (
        f"commit {code['commit'][:12]}{', changed' if code['dirty'] else ''}" if code["commit"] else "no git commit"
    )
    return Report(
        title=TITLE_OF.get(results.dataset["name"], TITLE),
        question=_question(results),
        dataset=results.dataset["title"],
        warning=" ".join([*warning(results), *([GENERATED_WARNING] if results.dataset["generated"] else [])]),
        answer=answer(headline, results.protocols),
        sure=list(sure(results)),
        finding=finding(
            headline,
            inflation,
            results.table("leakage"),
            protocols=results.protocols,
            baselines=baseline_sentence(results.table("comparison"), main_honest(results.protocols) or PUBLISHED),
            control=leakage_sentence(results.table("control")),
            bias=first_sentence(results),
        ),
        verdicts=first_page(results),
        headline=_headline(results),
        sections=[section for chapter in OUTLINE for section in chapter.sections(results)],
        stamp=f"Study {study.name}, {commit}, cells finished {results.provenance['finished']}",
    )


def _question(results: Results) -> str:
    if PUBLISHED in results.protocols and results.honest:
        strict = KEPT_APART.get(main_honest(results.protocols), "group")
        return f"How much of the accuracy under the published protocol remains when no {strict} is shared?"
    if results.honest:
        return "How well do the architectures classify images of patients and sources that they were not trained on?"
    return "What accuracy does the published protocol give, and what does its split leak?"


def _headline(results: Results) -> Figures:
    caption = (
        "Accuracy on test images with 95 % intervals. "
        + ("Open markers: published protocol; filled: honest ones. " if PUBLISHED in results.protocols else "")
        + "Black ticks: always answering the majority class of the training part, on the same images."
    )
    alt = "Accuracy and 95 % interval of every architecture under every protocol, beside the majority class"
    return Figures("figure-headline", caption, [Picture("headline", alt)], ["headline"])
