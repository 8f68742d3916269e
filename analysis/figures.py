"""Draw a study's figures from its tables, heat maps and images, as SVG and PDF, the same bytes every time.

Writes into results/<study>/figures: headline, data, confusion_<architecture>_<protocol>, learning_<protocol>,
search_<protocol> (honest protocols), roc_<protocol>, reliability_<protocol>, gradcam_<protocol> (its PDF in pages),
gradcam_shares, bias_maps_<architecture>, bias_changes_<architecture>, bias_effects (their PDFs in pages), bias_sanity,
bias_groups_<protocol>, and what has anything to show of differences, ranks_<protocol>, leakage, heatmaps, shortcuts,
control, learning_patients, importance; and into results/<study>/tables gradcam_summary.csv, the means behind
gradcam_shares.
"""

import argparse

from analysis import (
    figures_bias,
    figures_bias_effects,
    figures_comparison,
    figures_control,
    figures_curves,
    figures_data,
    figures_gradcam,
    figures_heatmaps,
    figures_leakage,
    figures_learning_curve,
    figures_scores,
    figures_shares,
    figures_shortcuts,
    figures_training,
    figures_tuning,
)
from analysis.gradcam_summary import summarise
from analysis.style import save, use_style
from analysis.tidy import read_table
from benchmarks.errors import run_cli
from benchmarks.protocols import PUBLISHED
from benchmarks.study import Study, load_study


def draw(study: Study) -> None:
    """Draw all figures of `study`. Raises BadInput if a table is missing."""
    use_style()
    results = study.results()
    folder = results / "figures"
    architectures, protocols = list(study.architectures), list(study.protocols)
    headline = read_table(results, "headline")
    save(figures_scores.headline(headline, architectures, protocols), folder, "headline")
    save(figures_data.data(read_table(results, "data")), folder, "data")
    ranks = read_table(results, "ranks")
    optional = {
        "differences": figures_comparison.differences(read_table(results, "comparison"), protocols),
        **{f"ranks_{protocol}": figures_comparison.critical_difference(ranks, protocol) for protocol in protocols},
        "leakage": figures_leakage.leakage(study, read_table(results, "leakage_pairs")),
        "shortcuts": figures_shortcuts.shortcuts(read_table(results, "shortcuts")),
        "control": figures_control.control(read_table(results, "control"), architectures, headline),
        "learning_patients": figures_learning_curve.learning_curve(
            read_table(results, "learning_curve"), architectures
        ),
        "importance": figures_tuning.importance(read_table(results, "importance")),
    }
    for name, figure in optional.items():
        if figure:
            save(figure, folder, name)
    if study.published_architectures():
        save(figures_heatmaps.heatmaps(study), folder, "heatmaps")
    history, trials = read_table(results, "history"), read_table(results, "trials")
    probes, answers = read_table(results, "probes"), read_table(results, "gradcam")
    summary = summarise(answers, probes, study.seed, study.bootstrap)
    summary.to_csv(results / "tables" / "gradcam_summary.csv", index=False)
    save(figures_shares.shares(summary, answers, architectures, protocols), folder, "gradcam_shares")
    for name, curves in (("roc", figures_curves.roc), ("reliability", figures_curves.reliability)):
        table = read_table(results, name)
        for protocol in protocols:
            if figure := curves(table[table["protocol"] == protocol], architectures):
                save(figure, folder, f"{name}_{protocol}")
    for protocol in protocols:
        for architecture in architectures:
            name = f"confusion_{architecture}_{protocol}"
            save(figures_scores.confusion(read_table(results, name), f"{architecture}, {protocol}"), folder, name)
        kept = "last" if protocol == PUBLISHED else "best"
        curves = figures_training.learning(history[history["protocol"] == protocol], architectures, kept)
        save(curves, folder, f"learning_{protocol}")
        if protocol != PUBLISHED:
            default_first = study.search["tuner"] != "hyperband"
            rows = trials[trials["protocol"] == protocol]
            save(figures_training.search(rows, architectures, default_first), folder, f"search_{protocol}")
        own = [table[table["protocol"] == protocol] for table in (probes, answers)]
        long, pages = figures_gradcam.gallery(study, protocol, *own)
        save(long, folder, f"gradcam_{protocol}", pages)
    _draw_bias(study)


def _draw_bias(study: Study) -> None:
    results = study.results()
    folder = results / "figures"
    architectures, protocols = list(study.architectures), list(study.protocols)
    bias, groups, sanity = (read_table(results, name) for name in ("bias", "groups", "sanity"))
    long, pages = figures_bias_effects.effects(bias, architectures, protocols)
    save(long, folder, "bias_effects", pages)
    known = [read_table(results, name) for name in ("probes", "gradcam", "interventions")]
    drawn = (study.bootstrap, study.seed)
    save(figures_bias_effects.randomisation(sanity, known[0], architectures, protocols, *drawn), folder, "bias_sanity")
    for protocol in protocols:
        own = [table[table["protocol"] == protocol] for table in (groups, bias)]
        save(figures_bias_effects.groups(*own, architectures), folder, f"bias_groups_{protocol}")
    for architecture in architectures:
        evidence = figures_bias.Evidence(study, architecture, *known)
        for name, draw_one in (("maps", figures_bias.maps), ("changes", figures_bias.changes)):
            long, pages = draw_one(evidence)
            save(long, folder, f"bias_{name}_{architecture}", pages)


def main() -> None:
    """Draw the figures of one study."""
    parser = argparse.ArgumentParser(description="Draw a study's figures from its tables, heat maps and images.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    draw(load_study(parser.parse_args().study))


if __name__ == "__main__":
    run_cli(main)
