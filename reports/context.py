"""From a study's files to the report, before it is HTML or LaTeX. Computes no score: it words what the tables hold."""

from benchmarks.protocols import PUBLISHED
from benchmarks.study import Study
from reports.document import Figures, Picture, Report
from reports.findings import finding, main_honest
from reports.results import Results
from reports.sections.bias import bias, first_sentence
from reports.sections.claims import claims, first_page
from reports.sections.classes import classes
from reports.sections.comparison import baseline_sentence, comparison
from reports.sections.control import control, leakage_sentence
from reports.sections.leakage import leakage
from reports.sections.learning_curve import learning_curve
from reports.sections.limits import GENERATED, GENERATED_WARNING, limits
from reports.sections.models import explanations, training
from reports.sections.provenance import provenance
from reports.sections.robustness import robustness
from reports.sections.run import run
from reports.sections.scores import scores
from reports.sections.shortcuts import shortcuts
from reports.sections.tuning import tuning

TITLE = "Mammogram classifiers, re-evaluated"


def build(study: Study) -> Report:
    """The report of `study`. Raises BadInput if a table is missing."""
    results = Results(study)
    parts = (
        run,
        leakage,
        shortcuts,
        scores,
        classes,
        robustness,
        comparison,
        control,
        claims,
        training,
        tuning,
        learning_curve,
        explanations,
        bias,
        limits,
        provenance,
    )
    code = results.provenance["code"]
    commit = (
        f"commit {code['commit'][:12]}{', changed' if code['dirty'] else ''}" if code["commit"] else "no git commit"
    )
    return Report(
        title=TITLE,
        question=_question(results),
        dataset=results.dataset["title"],
        warning=GENERATED_WARNING if results.dataset["name"] == GENERATED else "",
        finding=finding(
            *(results.networks(name) for name in ("headline", "inflation")),
            results.table("leakage"),
            protocols=results.protocols,
            baselines=baseline_sentence(results.table("comparison"), main_honest(results.protocols) or PUBLISHED),
            control=leakage_sentence(results.table("control")),
            bias=first_sentence(results),
        ),
        verdicts=first_page(results),
        headline=_headline(results),
        sections=[section for part in parts for section in part(results)],
        stamp=f"Study {study.name}, {commit}, cells finished {results.provenance['finished']}",
    )


def _question(results: Results) -> str:
    if PUBLISHED in results.protocols and results.honest:
        strict = {"by_patient": "patient", "by_source": "source image"}.get(main_honest(results.protocols), "group")
        return f"How much of the accuracy under the published protocol remains when no {strict} is shared?"
    if results.honest:
        return "How well do the architectures classify images of patients and sources that they were not trained on?"
    return "What accuracy does the published protocol give, and what does its split leak?"


def _headline(results: Results) -> Figures:
    caption = (
        "Accuracy on test images with 95 % intervals (bootstrap over the units named). "
        + ("Open markers: published protocol; filled: honest ones. " if PUBLISHED in results.protocols else "")
        + "Black ticks: always answering the majority class of the training part, on the same test images; an "
        "architecture beats it if the paired interval of the difference lies above zero."
    )
    alt = "Accuracy and 95 % interval of every architecture under every protocol, beside the majority class"
    return Figures("figure-headline", caption, [Picture("headline", alt)], ["headline"])
