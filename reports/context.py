"""First page and outline of the report: from the files of a study to a Report."""

import dataclasses
from collections.abc import Callable, Iterator

from benchmarks.protocols import AS_SHIPPED, PUBLISHED
from benchmarks.study.study import Study
from reports.checklists.section import checklists
from reports.document import Figures, Report, Section, figure
from reports.findings import answer, finding
from reports.results import KEPT_APART, Results, main_honest, where
from reports.sections.audit import leakage, quality, shortcuts
from reports.sections.bias import bias, calibrated, evidence
from reports.sections.cards import model_cards
from reports.sections.claims import claims, verdict_table
from reports.sections.classes import classes, collapse, spread
from reports.sections.comparison import baseline_sentence, comparison, detectable
from reports.sections.controls import control, leakage_sentence, learning_curve
from reports.sections.methods import architectures, data, folds, per_fold, run, statistics
from reports.sections.models import explanations, galleries, training, tuning
from reports.sections.positive_control import positive_control, positive_sentence
from reports.sections.run import cells, failures, limits, provenance, tested_elsewhere, warning
from reports.sections.scores import curves, external, scores
from reports.verdicts import flags_sentence
from reports.wording import WORDS, count, listed, plural, units

TITLE = "Mammogram classifiers, re-evaluated"
TITLE_OF = {"image_folder": "Image classifiers, re-evaluated"}  # data set of images of any kind -> title

Part = Callable[[Results], Iterator[Section]]


@dataclasses.dataclass(frozen=True)
class Chapter:
    """Parts under one heading; without a `title`, the first section of the first part is the heading."""

    parts: tuple[Part, ...]
    title: str = ""
    anchor: str = ""
    appendix: bool = False

    def sections(self, results: Results) -> Iterator[Section]:
        """Yield the sections of all parts, each one level below the heading of the chapter."""
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
    Chapter((leakage, shortcuts, control, positive_control), "Audit", "audit"),
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
    """Return the report of `study`. Raises BadInput if a table is missing."""
    results = Results(study)
    scored, dataset, code = results.networks("headline"), results.dataset, results.provenance["code"]
    changed = ", changed" if code["dirty"] else ""
    commit = f"commit {code['commit'][:12]}{changed}" if code["commit"] else "no git commit"
    return Report(
        title=TITLE_OF.get(dataset["name"], TITLE),
        question=_question(results),
        dataset=dataset["title"],
        warning=" ".join([*warning(results), *([WORDS["generated"]] if dataset["generated"] else [])]),
        answer=answer(scored, results.protocols),
        sure=list(_sure(results)),
        finding=finding(
            scored,
            results.networks("inflation"),
            results.table("leakage"),
            protocols=results.protocols,
            baselines=baseline_sentence(results.table("comparison"), results.main_protocol),
            control=leakage_sentence(results.table("control")),
            bias=flags_sentence(results.table("bias"), results.main_protocol),
        ),
        verdicts=verdict_table(results),
        headline=_headline(results),
        sections=[section for chapter in OUTLINE for section in chapter.sections(results)],
        stamp=f"Study {study.name}, {commit}, cells finished {results.provenance['finished']}",
    )


def _question(results: Results) -> str:
    if PUBLISHED in results.protocols and results.honest:
        strict = KEPT_APART.get(results.main_protocol, "group")
        return f"How much of the accuracy under the published protocol remains when no {strict} is shared?"
    if AS_SHIPPED in results.protocols and results.honest:
        strict = KEPT_APART.get(results.main_protocol, "group")
        return f"How much of the accuracy under the split as shipped remains when no {strict} is shared?"
    if results.honest:
        strict = KEPT_APART.get(results.main_protocol, "group")
        return f"How well do the architectures classify images when training and test share no {strict}?"
    if PUBLISHED not in results.protocols:
        return "What accuracy does the split as shipped give, and what do its parts share?"
    return "What accuracy does the published protocol give, and what does its split leak?"


def _headline(results: Results) -> Figures:
    caption = (
        "Accuracy on test images with 95 % intervals. "
        + (f"Open markers: {listed(results.leaky)}; filled: honest protocols. " if results.leaky else "")
        + "Black ticks: always answering the majority class of the training part, on the same images."
    )
    alt = "Accuracy and 95 % interval of every architecture under every protocol, beside the majority class"
    return figure("headline", caption, alt)


def _sure(results: Results) -> Iterator[str]:
    """Yield sentences on the certainty of the answer."""
    scored = results.scored()
    tested = [f"{units(row.n_units, row.unit)} ({row.protocol})" for row in scored.itertuples()]
    grouped = "" if (scored["unit"] == "samples").any() else ", not files"
    yield (
        f"Independent units: {listed(tested)}{grouped}. Intervals: 95 % bootstrap, {count(results.study.bootstrap)} "
        "resamples."
    )
    yield positive_sentence(results)
    honest = main_honest(results.protocols)
    if honest and PUBLISHED in results.protocols:
        known = where(results.networks("inflation"), honest_protocol=honest).dropna(subset=["ci_low"])
        clear = int((known["ci_low"] > 0).sum())
        yield (
            f"The interval of published minus {honest} accuracy lies above zero for {clear} of "
            f"{plural(len(known), 'architecture')}."
        )
    if found := detectable(results.table("comparison"), results.main_protocol):
        size, n, unit = found
        yield f"{units(n, unit)} show a true difference of {size} in 80 of 100 such studies; smaller ones stay open."
    repeats = results.study.repeats
    yield (
        "One seed a cell: the chance of the training itself is not in the intervals."
        if repeats == 1
        else f"{repeats} repeats with other folds and seeds."
    )
    yield tested_elsewhere(results)
