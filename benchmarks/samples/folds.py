"""Write results/<study>/folds/<protocol>.parquet: the folds of one protocol.

Columns: sample (str), fold (int), part (train, validation or test), repeat (int); in the control, label (str); in the
positive control, label and lesion (int, contrast of the planted lesion in percent of 0..255; 0 without one).
"""

import importlib

import pandas as pd

from benchmarks import protocols, stored
from benchmarks.errors import BadInput, run_cli
from benchmarks.protocols import _derived
from benchmarks.study.command import stage
from benchmarks.study.study import Study


def make_folds(name: str, samples: pd.DataFrame, study: protocols.Splitting) -> pd.DataFrame:
    """Return the folds of protocol `name`, derived or not. Raises BadInput if `samples` do not allow the protocol."""
    base = protocols.base(name)
    folds = importlib.import_module(f"benchmarks.protocols.{base}").split(samples, study)
    derived = name.removeprefix(base)
    if derived == protocols.PERMUTED:
        return _derived.shuffled(folds, samples, study.seed)
    if derived.startswith(protocols.PLANTED):
        contrast = int(derived.removeprefix(protocols.PLANTED))
        return _derived.with_lesions(folds, samples, contrast, study.seed)
    if derived:
        return _derived.fewer_patients(folds, samples, int(derived.removeprefix(protocols.FEWER)), study)
    return folds


def write_folds(study: Study, protocol: str) -> None:
    """Write the folds of one of the study's protocols. Raises BadInput if it has no such protocol."""
    if protocol not in study.all_protocols():
        raise BadInput(f"{study.path} has no protocol {protocol}; it has {', '.join(study.all_protocols())}")
    samples = stored.table(study.results() / "samples.parquet")
    store(study, protocol, make_folds(protocol, samples, study))


def store(study: Study, protocol: str, folds: pd.DataFrame) -> None:
    """Write the folds of a protocol."""
    target = study.results() / "folds" / f"{protocol}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    folds.to_parquet(target, index=False)


main = stage(
    "Turn the samples of a study into the folds of one protocol.",
    write_folds,
    protocol={"required": True, "help": "one of the study's, derived or not"},
)

if __name__ == "__main__":
    run_cli(main)
