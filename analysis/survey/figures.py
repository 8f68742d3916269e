"""Printed figures of a publication against the range that its replays reach."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from sklearn import metrics as sklearn_metrics

from analysis.metrics import class_metrics
from analysis.survey.measured import OWN, copies_of, pooled, reduced, role_of, runtimes
from benchmarks.publications import views
from benchmarks.study import replayed
from benchmarks.study.study import Study

REPRODUCED, NOT_REPRODUCED, NOT_EVALUABLE = "reproduced", "not reproduced", "not evaluable"
BY_CLASS = ("precision", "recall", "f1")
COLUMNS = [
    *("publication", "variant", "part", "where", "metric", "class", "printed", "value", "copies", "minimum", "maximum"),
    *("n_seeds", "verdict", "reason"),
]


def rows(study: Study) -> pd.DataFrame:
    """Return the rows of replay_figures.csv: each printed figure of the variants that the study replays."""
    found: list[dict] = []
    for publication, variant, protocol in study.replays():
        if role_of(study, protocol) == OWN:
            found += _figures(study, publication, variant, protocol)
    return pd.DataFrame(found, columns=COLUMNS).astype({"copies": "Int64"})


def tested_part(content: dict) -> str:
    """Return the part whose files a replay tests: test, or validation where the publication has no test part."""
    made = {part for step in content["split"]["steps"] for part in step["into"]}
    return "test" if "test" in made else "validation"


def half_unit(text: str) -> float:
    """Return half a unit of the last digit of a figure as printed: 0.005 for `0.98`, 0.00005 for `99.96 %`."""
    digits = len(text.rstrip("% ").partition(".")[2])
    return 0.5 * 10**-digits / (100 if text.endswith("%") else 1)


def metric_of(table: pd.DataFrame, metric: str, label: str | None) -> float:
    """Return a metric of predictions: of class `label` against the others, else of all classes; NaN if not computed.

    Of two classes, precision, recall, F1, specificity and AUC without a class are those of the second, `malignant`.
    """
    truth, predicted = table["label"].to_numpy(str), table["predicted"].to_numpy(str)
    classes = [column.removeprefix("p_") for column in table.columns if column.startswith("p_")]
    positive = label or (classes[1] if len(classes) == 2 else None)
    if metric in BY_CLASS and positive:
        values = sklearn_metrics.precision_recall_fscore_support(truth, predicted, labels=[positive], zero_division=0)
        return float(values[BY_CLASS.index(metric)][0])
    if metric == "specificity" and positive:
        return float(sklearn_metrics.recall_score(truth != positive, predicted != positive, zero_division=0))
    if metric == "auc" and positive and truth.size and 0 < (truth == positive).sum() < truth.size:
        return float(sklearn_metrics.roc_auc_score(truth == positive, table[f"p_{positive}"]))
    return class_metrics(truth, predicted).get(metric, np.nan) if not label else np.nan


def judged(text: str, reached: list[float], excuses: list[str]) -> tuple[str, str]:
    """Return verdict and reason for a figure as printed and the values that the seeds reach.

    `excuses` are what else could explain a difference, in words: with one, a figure out of range is not evaluable.
    """
    if not reached or np.isnan(reached).any():
        return NOT_EVALUABLE, "the metric is not computed from the replay's predictions"
    value, margin = views.value_of(text), half_unit(text)
    low, high = min(reached), max(reached)
    if low - margin <= value <= high + margin:
        return REPRODUCED, ""
    if excuses:
        return NOT_EVALUABLE, f"out of the range of the replay, which differs: {'; '.join(excuses)}"
    return NOT_REPRODUCED, ""


def _figures(study: Study, publication: str, variant: str, protocol: str) -> Iterator[dict]:
    content = replayed.content_of(publication)
    ran = runtimes(study, publication, variant, protocol)
    seeds = [own for _, own in pooled(study, publication, variant, protocol).groupby("fold")]
    excuses = _excuses(study, publication, variant, ran)
    measure: dict[str | None, Callable[[str, str | None], list[float]]] = {
        tested_part(content): lambda metric, label: [metric_of(own, metric, label) for own in seeds],
        "train": lambda metric, label: [one["training_accuracy"] for one in ran if metric == "accuracy"],
    }
    for entry in content["figures"]:
        if entry["variant"] != variant or "state" in entry or entry["part"] not in measure:
            continue
        other = bool(entry.get("classes")) and set(entry["classes"]) != set(seeds[0]["label"])
        for metric, label, text in _texts(entry["values"]):
            reached = [] if other else measure[entry["part"]](metric, label)
            verdict, reason = judged(text, reached, excuses)
            yield {
                **{"publication": publication, "variant": variant, "part": entry["part"], "where": entry["where"]},
                **{"metric": metric, "class": label, "printed": text, "value": views.value_of(text)},
                **{"copies": copies_of(study, protocol), "minimum": min(reached, default=np.nan)},
                **{"maximum": max(reached, default=np.nan), "n_seeds": len(seeds), "verdict": verdict},
                "reason": "printed for other classes than those of the data" if other else reason,
            }


def _texts(values: dict) -> Iterator[tuple[str, str | None, str]]:
    """Yield metric, class (None for all) and text of each figure of an entry."""
    for metric, printed in values.items():
        if isinstance(printed, dict):
            yield from ((metric, label, text) for label, text in printed.items())
        else:
            yield from ((metric, None, text) for text in views.texts(printed))


def _excuses(study: Study, publication: str, variant: str, ran: list[dict]) -> list[str]:
    split = replayed.content_of(publication)["split"]
    return [
        *([f"reduced ({smaller})"] if (smaller := reduced(study, publication, variant)) else []),
        *(["without the pretrained weights"] if ran[0]["weights"] == "scratch" else []),
        *(["the split is assumed"] if split.get("assumed") else []),
    ]
