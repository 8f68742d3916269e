"""Write results/<study>/folds/<protocol>.parquet: the samples of a study as folds of one protocol.

Columns sample (str), fold (int), part (train, validation or test) and repeat (int); in the control label too.
"""

import argparse
import importlib

import pandas as pd

from benchmarks import protocols, stored
from benchmarks.errors import BadInput, run_cli
from benchmarks.protocols import _derived
from benchmarks.study.study import load_study


def make_folds(name: str, samples: pd.DataFrame, study: protocols.Splitting) -> pd.DataFrame:
    """Return the folds of protocol `name`, derived or not.

    In the control a column label replaces the samples' own. Raises BadInput if `samples` do not allow the protocol.
    """
    base = protocols.base(name)
    folds = importlib.import_module(f"benchmarks.protocols.{base}").split(samples, study)
    derived = name.removeprefix(base)
    if derived == protocols.PERMUTED:
        return folds.assign(label=folds["sample"].map(_derived.permuted_labels(samples, study.seed)))
    if derived:
        return _derived.fewer_patients(folds, samples, int(derived.removeprefix(protocols.FEWER)), study)
    return folds


def main() -> None:
    """Write the folds of one protocol."""
    parser = argparse.ArgumentParser(description="Turn the samples of a study into the folds of one protocol.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    parser.add_argument("--protocol", required=True, help="one of the study's, derived or not")
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    if arguments.protocol not in study.all_protocols():
        raise BadInput(f"{study.path} has no protocol {arguments.protocol}; it has {', '.join(study.all_protocols())}")
    samples = stored.table(study.results() / "samples.parquet")
    target = study.results() / "folds" / f"{arguments.protocol}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    make_folds(arguments.protocol, samples, study).to_parquet(target, index=False)


if __name__ == "__main__":
    run_cli(main)
