"""Draw a study's figures from its tables, heat maps and images, as SVG and PDF, the same bytes every time.

Writes into results/<study>/figures: headline, data, confusion_<architecture>_<protocol>, learning_<protocol>,
search_<protocol> (honest protocols), roc_<protocol>, reliability_<protocol>, gradcam_<protocol> (its PDF in pages),
gradcam_shares, bias_maps_<architecture>, bias_changes_<architecture>, bias_effects (their PDFs in pages), bias_sanity,
bias_groups_<protocol>, and what has anything to show of differences, ranks_<protocol>, leakage, heatmaps, shortcuts,
control, learning_patients, importance; and into results/<study>/tables gradcam_summary.csv, the means behind
gradcam_shares.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from analysis.drawing.style import save, use_style
from analysis.explanations.gradcam_summary import summarise
from analysis.figures import bias as figures_bias
from analysis.figures import bias_effects as figures_bias_effects
from analysis.figures import comparison as figures_comparison
from analysis.figures import control as figures_control
from analysis.figures import curves as figures_curves
from analysis.figures import data as figures_data
from analysis.figures import gradcam as figures_gradcam
from analysis.figures import heatmaps as figures_heatmaps
from analysis.figures import leakage as figures_leakage
from analysis.figures import learning_curve as figures_learning_curve
from analysis.figures import scores as figures_scores
from analysis.figures import shares as figures_shares
from analysis.figures import shortcuts as figures_shortcuts
from analysis.figures import training as figures_training
from analysis.figures import tuning as figures_tuning
from analysis.tidy import read_table
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study.study import Study, load_study


def draw(study: Study, threads: int = 1) -> None:
    """Draw all figures of `study`, several at a time. Raises BadInput if a table is missing."""
    parts = [partial(_draw_bias_of, study, architecture) for architecture in study.architectures]
    parts += [partial(_draw_protocol, study, protocol) for protocol in study.protocols]
    parts += [partial(_draw_all, study), partial(_draw_bias, study)]
    if threads == 1:
        for part in parts:
            _drawn(part)
    else:
        with ProcessPoolExecutor(threads) as pool:
            list(pool.map(_drawn, parts))


def _drawn(part: Callable[[], None]) -> None:
    use_style()
    part()


def _draw_all(study: Study) -> None:
    results = study.results()
    folder = results / "figures"
    architectures, protocols = list(study.architectures), list(study.protocols)
    headline = read_table(results, "headline")
    save(figures_scores.headline(headline, architectures, protocols), folder, "headline")
    save(figures_data.data(read_table(results, "data")), folder, "data")
    optional = {
        "differences": figures_comparison.differences(read_table(results, "comparison"), protocols),
        "leakage": figures_leakage.leakage(study, read_table(results, "leakage_pairs")),
        "shortcuts": figures_shortcuts.shortcuts(read_table(results, "shortcuts")),
        "control": figures_control.control(read_table(results, "control"), architectures, headline),
        "learning_patients": figures_learning_curve.learning_curve(
            read_table(results, "learning_curve"), architectures
        ),
        "importance": figures_tuning.importance(read_table(results, "importance")),
    }
    _save_what_is_there(optional, folder)
    if study.published_architectures():
        save(figures_heatmaps.heatmaps(study), folder, "heatmaps")
    answers = read_table(results, "gradcam")
    summary = summarise(answers, read_table(results, "probes"), study.seed, study.bootstrap)
    summary.to_csv(results / "tables" / "gradcam_summary.csv", index=False)
    save(figures_shares.shares(summary, answers, architectures, protocols), folder, "gradcam_shares")


def _draw_protocol(study: Study, protocol: str) -> None:
    results = study.results()
    folder = results / "figures"
    architectures = list(study.architectures)
    names = ("roc", "reliability", "history", "trials", "probes", "gradcam", "groups", "bias")
    tables = {name: read_table(results, name) for name in names}
    own = {name: table[table["protocol"] == protocol] for name, table in tables.items()}
    optional = {
        f"ranks_{protocol}": figures_comparison.critical_difference(read_table(results, "ranks"), protocol),
        f"roc_{protocol}": figures_curves.roc(own["roc"], architectures),
        f"reliability_{protocol}": figures_curves.reliability(own["reliability"], architectures),
    }
    _save_what_is_there(optional, folder)
    for architecture in architectures:
        name = f"confusion_{architecture}_{protocol}"
        save(figures_scores.confusion(read_table(results, name), f"{architecture}, {protocol}"), folder, name)
    kept = "last" if protocol == PUBLISHED else "best"
    save(figures_training.learning(own["history"], architectures, kept), folder, f"learning_{protocol}")
    if protocol != PUBLISHED:
        default_first = study.search["tuner"] != "hyperband"
        save(figures_training.search(own["trials"], architectures, default_first), folder, f"search_{protocol}")
    long, pages = figures_gradcam.gallery(study, protocol, own["probes"], own["gradcam"])
    save(long, folder, f"gradcam_{protocol}", pages)
    groups = figures_bias_effects.groups(own["groups"], own["bias"], architectures)
    save(groups, folder, f"bias_groups_{protocol}")


def _save_what_is_there(figures: dict[str, Figure | None], folder: Path) -> None:
    for name, figure in figures.items():
        if figure:
            save(figure, folder, name)


def _draw_bias(study: Study) -> None:
    results = study.results()
    folder = results / "figures"
    architectures, protocols = list(study.architectures), list(study.protocols)
    bias, sanity, probes = (read_table(results, name) for name in ("bias", "sanity", "probes"))
    long, pages = figures_bias_effects.effects(bias, architectures, protocols)
    save(long, folder, "bias_effects", pages)
    drawn = (study.bootstrap, study.seed)
    save(figures_bias_effects.randomisation(sanity, probes, architectures, protocols, *drawn), folder, "bias_sanity")


def _draw_bias_of(study: Study, architecture: str) -> None:
    results = study.results()
    known = [read_table(results, name) for name in ("probes", "gradcam", "interventions")]
    evidence = figures_bias.Evidence(study, architecture, *known)
    for name, draw_one in (("maps", figures_bias.maps), ("changes", figures_bias.changes)):
        long, pages = draw_one(evidence)
        save(long, results / "figures", f"bias_{name}_{architecture}", pages)


def main() -> None:
    """Draw the figures of one study."""
    parser = argparse.ArgumentParser(description="Draw a study's figures from its tables, heat maps and images.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--threads", type=int, default=1, help="figures drawn at a time (default: 1)")
    arguments = parser.parse_args()
    draw(load_study(arguments.study), arguments.threads)


if __name__ == "__main__":
    run_cli(main)
