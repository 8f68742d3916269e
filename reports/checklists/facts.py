"""Facts of a run that fill the texts of answers.yaml."""

import pandas as pd

from analysis.scores.collapse import COLLAPSED
from benchmarks.cells.heads import FACTORS
from benchmarks.study.names import BASELINES
from reports.article import facts as article
from reports.facts import extremes, generated, patients, size
from reports.results import Results, where
from reports.sections.comparison import baseline_sentence
from reports.verdicts import flags_sentence
from reports.wording import NOT_EVALUABLE, count, listed, plural, span, units
from reports.words import Words

WORDS = Words("checklists/facts")
SOFTWARE = ("python", "tensorflow", "jax", "torch", "keras", "keras-tuner", "scikit-learn")


def facts(results: Results) -> dict[str, object]:
    """Return the facts of a run in words, by the names of the placeholders in answers.yaml."""
    made, dataset = results.provenance, results.dataset
    bias, scores, comparison, cells = (results.table(name) for name in ("bias", "scores", "comparison", "cells"))
    collapse = results.table("collapse")
    whole = results.table("data").iloc[-1]
    probes = results.table("gradcam").drop_duplicates(["protocol", "probe"])
    over = (f"{units(row.n_units, row.unit)} ({row.protocol})" for row in results.scored().itertuples())
    known = patients(results)
    return {
        "title": dataset["title"],
        "source": f"doi:{dataset['doi']}" if dataset["doi"] else dataset["title"],
        "warning": generated(),
        "size": size(results),
        "extremes": extremes(results),
        "files": WORDS.text("files", before=whole["before_files"], after=whole["after_files"]),
        "n_classes": len(dataset["classes"]),
        "factors": WORDS.text("factors", tasks=[factor for factor in FACTORS if factor in set(scores["task"])]),
        "sides": listed(f"{side} x {side}" for side in results.study.sizes()),
        "known_patients": WORDS.text("patients", known=known),
        "counted": "patients" if known else "source images",
        "without_box": f"{int(probes['area_of_lesion'].isna().sum())} of {len(probes)}",
        "conflicts": len(results.table("conflicts")) or "none",
        "architectures": plural(len(results.architectures), "architecture"),
        "networks": plural(len(results.architectures), "network"),
        "parameters": span(results.networks("cells")["parameters"], count),
        "protocols": listed(results.protocols),
        "software": _software(made["cell_versions"]),
        "lock": made["lock"]["file"],
        "machines": "; ".join(map(_machine, made["hardware"]["cells"])),
        "hours": f"{cells['seconds'].sum() / 3600:.1f} hours",
        "command": made["commands"][0],
        "study_file": made["study"]["file"],
        "version": WORDS.text("version", commit=(made["code"]["commit"] or "")[:12]),
        "resamples": count(results.study.bootstrap),
        "units": listed(over),
        "n_tests": comparison["test"].nunique() - 1,
        "tests_left": _left(comparison["verdict"].str.startswith(NOT_EVALUABLE), "test"),
        "flags": flags_sentence(bias, results.main_protocol),
        "answer": article.answer(results),
        "n_collapsed": len(where(collapse, verdict=COLLAPSED)),
        "trained_cells": plural(len(collapse), "trained cell"),
        "scores_left": _left(scores["note"].notna(), "score"),
        "verdicts_left": _left(bias["verdict"] == NOT_EVALUABLE, "bias verdict"),
        "baselines": plural(len(BASELINES), "baseline"),
        "beaten": baseline_sentence(comparison, results.main_protocol),
    }


def _left(missing: pd.Series, noun: str) -> str:
    return f"{int(missing.sum()):,} of {plural(len(missing), noun)}"


def _software(ran: list[dict]) -> str:
    found = {name: sorted({versions[name] for versions in ran if name in versions}) for name in SOFTWARE}
    return listed(f"{name} {listed(versions)}" for name, versions in found.items() if versions)


def _machine(machine: dict) -> str:
    return f"{machine['cpu']}, {machine['cores']} cores{', ' + machine['gpu'] if machine.get('gpu') else ''}"
