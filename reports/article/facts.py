"""Facts of a study's results as the article states them; templates/words/article.j2 words them."""

from typing import Any

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.audit.shortcuts import SHORTCUT
from analysis.bias.bias_checks import IGNORES, LEANS, MISPLACED, UNEQUAL, UNRELATED
from analysis.bias.thresholds import FLAGGED
from analysis.claims.claims import CLAIM
from analysis.comparison.comparison import CLASS8
from analysis.comparison.control import LEAKAGE, LOOK
from analysis.scores.skill import YES
from benchmarks.protocols import EXTERNAL, NOT_HONEST
from benchmarks.study.names import BASELINES, IMAGENET_LOGISTIC
from benchmarks.study.reduced import differences
from benchmarks.study.study import Study
from reports.facts import re_evaluated, shared
from reports.results import KEPT_APART, Results, main_honest, where
from reports.sections.comparison import detectable
from reports.wording import NOT_EVALUABLE
from reports.words import Words

FINDING = Words("finding")
BEATS = "beats majority"
FAMILIES = (LEANS, MISPLACED, UNRELATED, IGNORES, UNEQUAL)
Facts = dict[str, Any]


def facts(results: Results) -> Facts:
    """Return all facts by topic; a topic that the study did not run is None."""
    honest = main_honest(results.protocols)
    leaky = [leaking(results, protocol) for protocol in results.leaky]
    set_aside = [protocol for protocol in results.honest if protocol not in (honest, EXTERNAL)]
    return {
        "study": _study(results),
        "data": _data(results),
        "leaky": leaky,
        "honest": leaking(results, honest) if honest else None,
        "apart": KEPT_APART.get(honest, "group") if honest else "",
        "external": scored(results.networks("headline"), EXTERNAL) if EXTERNAL in results.protocols else None,
        "inflation": inflation(results.networks("inflation"), honest),
        "controls": controls(results.table("control")),
        "bias": bias(results.table("bias"), results.main_protocol),
        "claims": claims(results.table("claims")),
        "detectable": detectable(results.table("comparison"), results.main_protocol),
        "publication": re_evaluated(results),
        "reduced": reduced(results),
        "smaller": smaller(results.study),
        "searched": [name for name in results.architectures if honest and not results.study.recipe_of(name)],
        "features": _features(results.table("headline"), honest),
        "others": [scored(results.networks("headline"), name) for name in set_aside],
        "shortcut": shortcut(results.table("shortcuts"), [*results.leaky, *([honest] if honest else [])]),
    }


def answer(results: Results) -> str:
    """Return the answer to the question of the report."""
    return FINDING.text("answer", f=facts(results))


def _study(results: Results) -> Facts:
    study = results.study
    return {
        "name": study.name,
        "architectures": results.architectures,
        "protocols": results.protocols,
        "folds": study.folds,
        "repeats": study.repeats,
        "resamples": study.bootstrap,
        "sizes": sorted(study.sizes()),
        "n_baselines": len(BASELINES),
        "by_recipe": [name for name in results.architectures if study.recipe_of(name)],
    }


def _data(results: Results) -> Facts:
    table = results.table("data").iloc[-1]
    counted = {name: int(table[name]) for name in ("patients", "sources") if pd.notna(table[name])}
    files = int(table["before_files"] + table["after_files"])
    return {
        "title": results.dataset["title"],
        "name": results.dataset["name"],
        "generated": results.dataset["generated"],
        "n_patients": counted.get("patients"),
        "n_sources": counted.get("sources"),
        "n_images": files,
        "n_classes": len(results.dataset["classes"]),
        "crop": results.study.crop,
        "licence": results.dataset["licence"],
    }


def leaking(results: Results, protocol: str) -> Facts:
    """Return the scores under a protocol, and how many test images have a copy in training."""
    copied, n = shared(results, protocol, NEAR_DUPLICATE) or (0, 0)
    identical, _ = shared(results, protocol, "pixel_identical") or (0, 0)
    leaks = {"copied": copied, "identical": identical, "n_tested": n}
    return scored(results.networks("headline"), protocol) | leaks


def scored(headline: pd.DataFrame, protocol: str) -> Facts:
    """Return the best and the worst model by accuracy, who beats the majority class, and the best factors.

    `headline` holds the rows of headline.csv without baselines. Rows are None where nothing is evaluable.
    """
    rows = where(headline, protocol=protocol)
    known = _ordered(rows, "accuracy")
    judged = rows[~rows["verdict"].str.startswith(NOT_EVALUABLE)]
    skilled = rows[~rows["skill"].str.startswith(NOT_EVALUABLE)]
    collapsed = rows[rows["collapsed_cells"] > 0].sort_values("architecture")
    return {
        "protocol": protocol,
        "n": len(known),
        "best": _row(known, -1),
        "worst": _row(known, 0),
        "n_judged": len(judged),
        "beat": sorted(judged.loc[judged["verdict"] == BEATS, "architecture"]),
        "majority": (rows["majority_accuracy"].min(), rows["majority_accuracy"].max()),
        "n_skilled": len(skilled),
        "skill": sorted(skilled.loc[skilled["skill"] == YES, "architecture"]),
        "auc": _row(_ordered(rows, "severity_auc"), -1),
        "density": _row(_ordered(rows, "density_accuracy"), -1),
        "collapsed": collapsed["architecture"].tolist(),
    }


def reduced(results: Results) -> Facts | None:
    """Return epochs and image side of the publication if the study has fewer or smaller ones; None otherwise."""
    recipe = (re_evaluated(results) or {}).get("recipe") or {}
    epochs, size = recipe.get("epochs"), recipe.get("image_size")
    if not epochs or not size:
        return None
    smaller = max(results.study.sizes()) < size or results.study.published["epochs"] < epochs
    return {"epochs": epochs, "size": size} if smaller else None


def smaller(study: Study) -> Facts | None:
    """Return the study of which this one is a reduced form, and all settings in which they differ; None without one."""
    if study.reduced_from is None:
        return None
    return {"of": study.reduced_from, "differences": [one._asdict() for one in differences(study)]}


def _features(headline: pd.DataFrame, honest: str | None) -> Facts | None:
    """Return the row of the baseline on ImageNet features under the honest protocol; None without its AUC."""
    rows = where(headline, architecture=IMAGENET_LOGISTIC, protocol=honest)
    return _row(rows.dropna(subset=["severity_auc"]), -1)


def shortcut(table: pd.DataFrame, protocols: list[str]) -> Facts | None:
    """Return the probe that predicts the class best under the first of `protocols`, with its accuracy under each.

    None if no probe is a shortcut there. `table` is shortcuts.csv.
    """
    own = where(table, task=CLASS8, metric="accuracy")
    found = where(own, protocol=protocols[0], verdict=SHORTCUT).sort_values(["estimate", "probe"])
    if found.empty:
        return None
    probe = found.iloc[-1]["probe"]
    accuracies = where(own, probe=probe).set_index("protocol")["estimate"].dropna()
    return {"probe": probe, "accuracies": [(name, accuracies[name]) for name in protocols if name in accuracies]}


def inflation(table: pd.DataFrame, honest: str | None) -> Facts | None:
    """Return the smallest and largest loss of accuracy from `published` to the honest protocol; None without one."""
    known = _ordered(where(table, honest_protocol=honest), "inflation")
    if known.empty:
        return None
    lost = sorted(known.loc[known["ci_low"] > 0, "architecture"])
    return {
        "n": len(known),
        "clear": len(lost),
        "lost": lost,
        "most": 2 * len(lost) > len(known),
        "smallest": _row(known, 0),
        "largest": _row(known, -1),
    }


def controls(table: pd.DataFrame) -> list[Facts]:
    """Return for each protocol of control.csv which models score above chance with permuted labels."""
    told = []
    for protocol, rows in table.groupby("protocol", sort=False):
        known = rows.dropna(subset=["excess_low"])
        above = known[known["verdict"].isin([LEAKAGE, LOOK])].sort_values(["excess", "architecture"])
        about = {"protocol": protocol, "honest": protocol not in NOT_HONEST, "n": len(known)}
        about["n_below"] = int((known["excess_high"] < 0).sum())
        told.append(about | {"n_above": len(above), "largest": _row(above, -1)})
    return told


def bias(table: pd.DataFrame, protocol: str) -> Facts | None:
    """Return how many models are judged and flagged under `protocol`, in all and by family; None without checks."""
    own = where(table, protocol=protocol)
    if own.empty:
        return None
    judged = own[own["verdict"] != NOT_EVALUABLE]
    flagged = where(own, verdict=FLAGGED)
    families = {name: where(flagged, family=name)["architecture"].nunique() for name in FAMILIES}
    return {
        "protocol": protocol,
        "n_models": own["architecture"].nunique(),
        "n_judged": judged["architecture"].nunique(),
        "n_flagged": flagged["architecture"].nunique(),
        "n_verdicts": len(judged),
        "n_flags": len(flagged),
        "n_flags_uncorrected": int((own["verdict_uncorrected"] == FLAGGED).sum()),
        "families": {name: n for name, n in families.items() if n},
    }


def claims(table: pd.DataFrame) -> Facts | None:
    """Return how many claims in words got each verdict; None if the study judges none."""
    own = where(table, kind=CLAIM)
    return None if own.empty else {"n": len(own), "verdicts": own["verdict"].value_counts().to_dict()}


def _ordered(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.dropna(subset=[column]).sort_values([column, "architecture"])


def _row(rows: pd.DataFrame, position: int) -> Facts | None:
    return None if rows.empty else rows.iloc[position].to_dict()
