"""The fixed images that Grad-CAM explains: test images of fold 0, the same for every architecture.

Rule: of each class, up to `probes.per_class` samples of fold 0's test part, no two of one source, drawn by the study's
seed from the samples in the order of their ids. Writes results/<study>/tables/probes.csv with the columns protocol,
probe (from 0), sample, row (in the image arrays), label, source, patient.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.predictions import read_folds, read_samples
from benchmarks.errors import run_cli
from benchmarks.study import Study, load_study

COLUMNS = ["protocol", "probe", "sample", "row", "label", "source", "patient"]


def choose_probes(folds: pd.DataFrame, samples: pd.DataFrame, per_class: int, seed: int) -> pd.DataFrame:
    """The probes of one protocol: the columns above, less protocol.

    The test part shares no sample with what fold 0's cells trained or validated on; under `published` it shares their
    sources, as everything does there.
    """
    test = folds[(folds["fold"] == 0) & (folds["part"] == "test")]
    candidates = samples[samples["sample"].isin(test["sample"])].sort_values("sample")
    order = np.random.default_rng(seed).permutation(len(candidates))
    shuffled = candidates.iloc[order]
    shuffled = shuffled[~(shuffled["source"].notna() & shuffled["source"].duplicated())]
    chosen = shuffled.groupby("label").head(per_class).sort_values(["label", "sample"])
    return chosen.assign(probe=range(len(chosen)))[COLUMNS[1:]]


def missing_probes(protocol: str, probes: pd.DataFrame, classes: list[str]) -> Iterator[dict]:
    """Notes (protocol, label, note) on the classes that fold 0 can't show."""
    shown = set(probes.loc[probes["protocol"] == protocol, "label"])
    for label in classes:
        if label not in shown:
            yield {"protocol": protocol, "label": label, "note": "no probe: fold 0 tests no image of this class"}


def main() -> None:
    """Choose a study's probes."""
    parser = argparse.ArgumentParser(description="Choose the images that Grad-CAM explains.")
    parser.add_argument("--study", required=True, help="name under benchmarks/studies or path of a YAML file")
    study: Study = load_study(parser.parse_args().study)
    samples = read_samples(study)
    tables = [
        choose_probes(read_folds(study, protocol), samples, study.probes["per_class"], study.seed).assign(
            protocol=protocol
        )
        for protocol in study.protocols
    ]
    target = study.results() / "tables" / "probes.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    pd.concat(tables)[COLUMNS].to_csv(target, index=False)


if __name__ == "__main__":
    run_cli(main)
