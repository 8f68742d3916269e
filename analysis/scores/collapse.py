"""Which networks collapsed, and why: one row a trained cell, from its own files.

Writes results/<study>/tables/collapse.csv: architecture, protocol, fold, n_test, predicted_classes, output_range,
epochs, epochs_not_finite, dead_features, training_loss (of the epoch kept), frequency_loss, verdict, cause.

output_range is the largest range, over the test images, of a class's probability; dead_features the share of the
classifier's inputs that are the same for all of them; frequency_loss the training loss of always answering the
frequencies of the classes (their entropy).

verdict
    collapsed    the cell answers one class for all of its test images, or none
    flagged      it answers several, but its loss was not finite in some epoch, or nearly all features are dead
    sound        else
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.predictions import read_folds, read_samples
from benchmarks import protocols, stored
from benchmarks.errors import run_cli
from benchmarks.study.study import BASELINES, Study, load_study

COLLAPSED, FLAGGED, SOUND = "collapsed", "flagged", "sound"
SAME = 1e-3  # range of a probability below which the outputs count as constant
NEAR = 0.05  # of the frequency loss, within which a training loss says that only the frequencies were learnt
DEAD = 0.95  # share of the features from which on they are worth a flag
LOSSES = ["loss", "val_loss"]


def is_collapsed(answers: pd.DataFrame) -> bool:
    """Whether one cell's predictions.parquet holds one class, or none, for all of its test images."""
    return len(answers) > 1 and answers["predicted"].nunique() == 1


def count(architecture: str, table: pd.DataFrame) -> int:
    """How many cells of one architecture's pooled predictions collapsed; baselines don't, whatever they answer."""
    if architecture in BASELINES:
        return 0
    return sum(is_collapsed(own) for _, own in table.groupby("fold"))


def collapse(study: Study) -> Iterator[dict]:
    """The rows of collapse.csv. Raises BadInput that names a missing cell file."""
    samples = read_samples(study)
    for architecture, protocol in study.pairs():
        if architecture in BASELINES:
            continue
        labels = protocols.labelled(read_folds(study, protocol), samples)
        for fold in study.cells(protocol):
            train = labels[(labels["fold"] == fold) & (labels["part"] == "train")]
            folder = study.cell_folder(architecture, protocol, fold)
            key = {"architecture": architecture, "protocol": protocol, "fold": fold}
            yield key | examined(folder, frequency_loss(train["label"]))


def frequency_loss(labels: pd.Series) -> float:
    """Entropy of the labels' frequencies, in nats."""
    shares = labels.value_counts(normalize=True).to_numpy()
    return float(-(shares * np.log(shares)).sum())


def examined(folder: Path, of_frequencies: float) -> dict:
    """What one cell's files say of its health."""
    answers = stored.table(folder / "predictions.parquet")
    history = stored.table(folder / "history.csv")
    runtime = stored.record(folder / "runtime.json")
    last = protocols.variant(runtime["protocol"]) == protocols.PUBLISHED
    kept = history.index[-1] if last else history["val_loss"].idxmin()
    probabilities = answers.filter(regex="^p_").to_numpy(float)
    finite = np.isfinite(probabilities).all(axis=1)
    found = {
        "n_test": len(answers),
        "predicted_classes": answers["predicted"].nunique(),
        "output_range": float(np.ptp(probabilities[finite], axis=0).max()) if finite.any() else np.nan,
        "epochs": len(history),
        "epochs_not_finite": int((~np.isfinite(history[LOSSES])).any(axis=1).sum()),
        "dead_features": runtime["dead_features"],
        "training_loss": float(history.loc[kept, "loss"]),
        "frequency_loss": of_frequencies,
    }
    reasons = list(_reasons(found, finite))
    if is_collapsed(answers):
        return found | {"verdict": COLLAPSED, "cause": "; ".join(reasons or [_undertrained(found)])}
    return found | {"verdict": FLAGGED if reasons else SOUND, "cause": "; ".join(reasons)}


def _reasons(found: dict, finite: np.ndarray) -> Iterator[str]:
    if not finite.all():
        yield f"the outputs of {(~finite).sum()} of {len(finite)} test images are not finite"
    if found["epochs_not_finite"]:
        yield f"the loss is not finite in {found['epochs_not_finite']} of {found['epochs']} epochs"
    if found["dead_features"] is not None and found["dead_features"] >= DEAD:
        yield f"{found['dead_features']:.0%} of the classifier's inputs are dead: the same for every test image"
    if found["output_range"] < SAME:
        yield f"constant outputs: no probability varies by more than {SAME:g} between test images"


def _undertrained(found: dict) -> str:
    loss, of_frequencies = found["training_loss"], found["frequency_loss"]
    told = f"training loss {loss:.3f}, that of the class frequencies {of_frequencies:.3f}"
    if loss > (1 - NEAR) * of_frequencies:
        return f"only the frequencies of the classes were learnt: {told}"
    return f"the test images look alike to it, though the training images did not: {told}"


def main() -> None:
    """Examine a study's cells."""
    parser = argparse.ArgumentParser(description="Find collapsed networks and their causes.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study = load_study(parser.parse_args().study)
    pd.DataFrame(collapse(study)).to_csv(study.results() / "tables" / "collapse.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
