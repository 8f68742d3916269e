"""Printed figures of a publication against the range that its replays reach."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn import metrics as sklearn_metrics

from analysis.metrics import class_metrics
from analysis.probability_metrics import binary_metrics
from analysis.survey import printed
from analysis.survey.differences import differences
from analysis.survey.measured import OWN, copies_of, pooled, role_of, runtimes
from benchmarks.publications import views
from benchmarks.study import replayed
from benchmarks.study.study import Study

REPRODUCED, NOT_REPRODUCED, NOT_EVALUABLE = "reproduced", "not reproduced", "not evaluable"
BY_CLASS = ("precision", "recall", "f1")
COLUMNS = [
    *("publication", "variant", "part", "where", "metric", "class", "printed", "value", "copies", "minimum", "maximum"),
    *("n_seeds", "verdict", "reason"),
]


@dataclasses.dataclass(frozen=True)
class Replay:
    """Predictions of each seed, accuracies of their last training epochs, and differences from the publication."""

    seeds: list[pd.DataFrame]
    training: list[float]
    differences: list[str]

    def classes(self) -> set[str]:
        """Return the classes of the predictions."""
        return {column.removeprefix("p_") for column in self.seeds[0].columns if column.startswith("p_")}

    def reached(self, part: str, metric: str, label: str | None) -> list[float]:
        """Return a metric of each seed, as `metric_of`; of training images, only the accuracy over all classes."""
        if part == "train":
            return self.training if (metric, label) == ("accuracy", None) else []
        return [metric_of(own, metric, label) for own in self.seeds]


def rows(study: Study) -> pd.DataFrame:
    """Return the rows of replay_figures.csv: each printed figure of the publications, once for each own split."""
    splits = dict.fromkeys((name, protocol) for name, _, protocol in study.replays() if role_of(study, protocol) == OWN)
    found = [row for name, protocol in splits for row in _figures(study, name, protocol)]
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
    if metric == "auc" and positive:
        return binary_metrics(truth == positive, table[f"p_{positive}"].to_numpy(float))["roc_auc"]
    return class_metrics(truth, predicted).get(metric, np.nan) if not label else np.nan


def not_measured(entry: dict, content: dict, adapter: str, replay: Replay | None) -> str:
    """Return why a study on data of `adapter` can't measure an entry of `figures`; empty if it can.

    `replay` is that of the entry's network, None if the study does not replay it.
    """
    first = next(iter(content["data"]))
    if replay is None:
        return "the study does not replay this network"
    if entry.get("data", first) != first or content["data"][first]["dataset"] != adapter:
        return "printed for other data than the study's"
    if "state" in entry:
        return f"printed for another state of the network: {entry['state']}"
    if entry["part"] not in (tested_part(content), "train"):
        return f"the replay does not test the part {entry['part']}" if entry["part"] else "the part is not known"
    if entry.get("classes") and set(entry["classes"]) != replay.classes():
        return "printed for other classes than those of the data"
    return ""


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


def _figures(study: Study, publication: str, protocol: str) -> Iterator[dict]:
    content = replayed.content_of(publication)
    variants = study.publications[publication]["variants"]
    replays = {variant: _replay(study, publication, variant, protocol) for variant in variants}
    for entry in content["figures"]:
        replay = replays.get(entry["variant"])
        reason = not_measured(entry, content, study.dataset["name"], replay)
        for metric, label, text in printed.each(entry["values"]):
            reached = replay.reached(entry["part"], metric, label) if replay and not reason else []
            verdict, why = judged(text, reached, replay.differences if replay else [])
            yield {
                "publication": publication,
                **{key: entry[key] for key in ("variant", "part", "where")},
                **{"metric": metric, "class": label, "printed": text, "value": views.value_of(text)},
                **{"copies": copies_of(study, protocol), "minimum": min(reached, default=np.nan)},
                **{"maximum": max(reached, default=np.nan), "n_seeds": len(reached), "verdict": verdict},
                "reason": reason or why,
            }


def _replay(study: Study, publication: str, variant: str, protocol: str) -> Replay:
    content, ran = replayed.content_of(publication), runtimes(study, publication, variant, protocol)
    table = pooled(study, publication, variant, protocol)
    published = views.recipe(content, variant)
    own = study.replay_settings(publication, variant)
    return Replay(
        [seed for _, seed in table.groupby("fold")],
        [one["training_accuracy"] for one in ran],
        differences(own, published, content["split"], ran[0]["weights"]),
    )
