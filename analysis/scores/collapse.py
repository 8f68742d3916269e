"""Collapsed networks and their causes: one row for each trained cell.

Writes results/<study>/tables/collapse.csv: architecture, protocol, fold, n_test, predicted_classes, output_range,
epochs, epochs_not_finite, dead_features, training_loss (of the epoch kept), frequency_loss, verdict, cause.

output_range is the largest range of a class's probability over the test images; dead_features is the share of the
classifier's inputs that are equal for all test images; frequency_loss is the training loss of a constant answer with
the frequencies of the classes (their entropy). verdict is `collapsed` if the cell answers one class for all test
images, or none; `flagged` if its loss was not finite in some epoch or nearly all features are dead; else `sound`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.predictions import read_folds, read_samples
from analysis.tidy import table_stage
from benchmarks import protocols, stored
from benchmarks.errors import run_cli
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study

COLLAPSED, FLAGGED, SOUND = "collapsed", "flagged", "sound"
SAME = 1e-3  # outputs whose probabilities vary by less than this are constant
NEAR = 0.05  # share of the frequency loss; a training loss this near shows that only the frequencies were learnt
DEAD = 0.95  # share of dead features that is flagged
FREQUENCIES = "only the frequencies of the classes were learnt"
ALIKE = "outputs differ between training images but not between test images"


def is_collapsed(answers: pd.DataFrame) -> bool:
    """Return whether one cell answered the same class, or none, for all of its test images."""
    return len(answers) > 1 and answers["predicted"].nunique() == 1


def count(architecture: str, table: pd.DataFrame) -> int:
    """Count the collapsed cells in one architecture's pooled predictions; 0 for a baseline."""
    return 0 if architecture in BASELINES else sum(is_collapsed(own) for _, own in table.groupby("fold"))


def collapse(study: Study) -> pd.DataFrame:
    """Return collapse.csv. Raises BadInput that names a missing cell file."""
    samples, rows = read_samples(study), []
    for architecture, protocol in study.pairs():
        if architecture in BASELINES:
            continue
        labels = protocols.labelled(read_folds(study, protocol), samples)
        for fold in study.cells(protocol):
            train = labels[(labels["fold"] == fold) & (labels["part"] == "train")]
            shares = train["label"].value_counts(normalize=True)
            frequency_loss = float(-(shares * np.log(shares)).to_numpy().sum())
            folder = study.cell_folder(architecture, protocol, fold)
            key = {"architecture": architecture, "protocol": protocol, "fold": fold}
            rows.append(key | health(folder, frequency_loss))
    return pd.DataFrame(rows)


def health(folder: Path, frequency_loss: float) -> dict:
    """Return the columns of one cell's row, without its key, from the files in `folder`."""
    answers = stored.table(folder / "predictions.parquet")
    history = stored.table(folder / "history.csv")
    runtime = stored.record(folder / "runtime.json")
    # A recipe keeps the last epoch, the only one with a validation loss.
    by_recipe = bool(runtime.get("recipe"))
    losses = ["loss"] if by_recipe else ["loss", "val_loss"]
    last = by_recipe or protocols.variant(runtime["protocol"]) == protocols.PUBLISHED
    kept = history.index[-1] if last else history["val_loss"].idxmin()
    probabilities = answers.filter(regex="^p_").to_numpy(float)
    finite = np.isfinite(probabilities).all(axis=1)
    found = {
        "n_test": len(answers),
        "predicted_classes": answers["predicted"].nunique(),
        "output_range": float(np.ptp(probabilities[finite], axis=0).max()) if finite.any() else np.nan,
        "epochs": len(history),
        "epochs_not_finite": int((~np.isfinite(history[losses])).any(axis=1).sum()),
        "dead_features": runtime["dead_features"],
        "training_loss": float(history.loc[kept, "loss"]),
        "frequency_loss": frequency_loss,
    }
    collapsed = is_collapsed(answers)
    reasons = list(_reasons(found, finite))
    if collapsed and not reasons:
        undertrained = found["training_loss"] > (1 - NEAR) * frequency_loss
        compared = f"training loss {found['training_loss']:.3f}, that of the class frequencies {frequency_loss:.3f}"
        reasons = [f"{FREQUENCIES if undertrained else ALIKE}: {compared}"]
    verdict = COLLAPSED if collapsed else FLAGGED if reasons else SOUND
    return found | {"verdict": verdict, "cause": "; ".join(reasons)}


def _reasons(found: dict, finite: np.ndarray) -> Iterator[str]:
    if not finite.all():
        yield f"the outputs of {(~finite).sum()} of {len(finite)} test images are not finite"
    if found["epochs_not_finite"]:
        yield f"the loss is not finite in {found['epochs_not_finite']} of {found['epochs']} epochs"
    if found["dead_features"] is not None and found["dead_features"] >= DEAD:
        yield f"{found['dead_features']:.0%} of the classifier's inputs are dead: the same for every test image"
    if found["output_range"] < SAME:
        yield f"constant outputs: no probability varies by more than {SAME:g} between test images"


main = table_stage("Find collapsed networks and their causes.", lambda study: {"collapse": collapse(study)})

if __name__ == "__main__":
    run_cli(main)
