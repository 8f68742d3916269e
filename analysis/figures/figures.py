"""Draw a study's figures from its tables, saliency maps and images, as SVG and PDF, with the same bytes in every run.

Writes into results/<study>/figures: headline, data, confusion_<architecture>_<protocol>, learning_<protocol>,
search_<protocol> (all but published), roc_<protocol>, reliability_<protocol>, gradcam_<protocol> (its PDF in pages),
gradcam_shares, bias_maps_<architecture>, bias_changes_<architecture>, bias_effects (their PDFs in pages), bias_sanity,
bias_groups_<protocol>, and, where the tables have estimates, differences, ranks_<protocol>, leakage, heatmaps,
shortcuts, control, positive_control, learning_patients, importance, survey; and into results/<study>/tables
gradcam_summary.csv, the means behind gradcam_shares.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import pandas as pd

from analysis.drawing.panels import save
from analysis.drawing.style import use_style
from analysis.explanations.gradcam_summary import summarise
from analysis.figures import audit, bias, bias_effects, comparison, curves, gradcam, scores, training
from analysis.names import named
from analysis.survey import forest, survey
from analysis.tidy import read_table
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.command import THREADS, stage
from benchmarks.study.study import Study

Named = Iterator[tuple[Any, ...]]  # the name of a figure, the figure or None, and the pages of its PDF if there are any


def draw(study: Study, threads: int = 1) -> None:
    """Draw all figures of `study`, in `threads` processes. Raises BadInput if a table is missing."""
    # What takes longest first, so that no process is left alone with it.
    parts = [partial(_of_saliency, study), partial(_of_study, study)]
    parts += [partial(_of_protocol, study, protocol) for protocol in study.protocols]
    parts += [partial(_of_architecture, study, architecture) for architecture in study.architectures]
    save_part = partial(_save, study)
    if threads == 1:
        for part in parts:
            save_part(part)
    else:
        with ProcessPoolExecutor(threads) as pool:
            list(pool.map(save_part, parts))


def _save(study: Study, part: Callable[[], Named]) -> None:
    use_style()
    for name, *drawn in part():
        save(study.results() / "figures" / name, *drawn)


def _of_study(study: Study) -> Named:
    architectures, protocols = list(study.architectures), list(study.protocols)
    table = partial(read_table, study.results())
    headline = table("headline")
    yield "headline", scores.headline(headline, architectures, protocols)
    yield "data", scores.data(table("data"))
    yield "differences", comparison.differences(table("comparison"), protocols)
    yield "leakage", audit.leakage(study, table("leakage_pairs"))
    yield "shortcuts", audit.shortcuts(table("shortcuts"))
    yield "control", comparison.control(table("control"), architectures, headline)
    yield "positive_control", comparison.positive_control(table("positive_control"), architectures)
    yield "learning_patients", comparison.learning_curve(table("learning_curve"), architectures)
    yield "importance", training.importance(table("importance"))
    publications = survey.of_study(study)
    yield "survey", None if publications is None else forest.forest(publications)


def _of_saliency(study: Study) -> Named:
    architectures, protocols = list(study.architectures), list(study.protocols)
    table = partial(read_table, study.results())
    if study.published_architectures():
        yield "heatmaps", gradcam.published_maps(study)
    answers, probes = table("gradcam"), table("probes")
    summary = summarise(answers, probes, study.seed, study.bootstrap)
    summary.to_csv(study.results() / "tables" / "gradcam_summary.csv", index=False)
    yield "gradcam_shares", gradcam.shares(summary, answers, architectures, protocols)
    yield "bias_effects", *bias_effects.effects(table("bias"), architectures, protocols)
    drawn = (study.bootstrap, study.seed)
    yield "bias_sanity", bias_effects.randomisation(table("sanity"), probes, architectures, protocols, *drawn)


def _of_protocol(study: Study, protocol: str) -> Named:
    architectures = list(study.architectures)

    def own(name: str) -> pd.DataFrame:
        table = read_table(study.results(), name)
        return table[table["protocol"] == protocol]

    yield f"ranks_{protocol}", comparison.critical_difference(read_table(study.results(), "ranks"), protocol)
    yield f"roc_{protocol}", curves.roc(own("roc"), architectures)
    yield f"reliability_{protocol}", curves.reliability(own("reliability"), architectures)
    for architecture in architectures:
        name = f"confusion_{architecture}_{protocol}"
        yield name, scores.confusion(read_table(study.results(), name), f"{named(architecture)}, {protocol}")
    kept = "last" if protocol == PUBLISHED else "best"
    yield f"learning_{protocol}", training.learning(own("history"), architectures, kept)
    if protocol != PUBLISHED:
        default_first = study.search["tuner"] != "hyperband"
        yield f"search_{protocol}", training.search(own("trials"), architectures, default_first)
    yield f"gradcam_{protocol}", *gradcam.gallery(study, protocol, own("probes"), own("gradcam"))
    yield f"bias_groups_{protocol}", bias_effects.groups(own("groups"), own("bias"), architectures)


def _of_architecture(study: Study, architecture: str) -> Named:
    tables = [read_table(study.results(), name) for name in ("probes", "gradcam", "interventions")]
    evidence = bias.Evidence(study, architecture, *tables)
    yield f"bias_maps_{architecture}", *bias.maps(evidence)
    yield f"bias_changes_{architecture}", *bias.changes(evidence)


main = stage("Draw a study's figures from its tables, saliency maps and images.", draw, threads=THREADS)

if __name__ == "__main__":
    run_cli(main)
