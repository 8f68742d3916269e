"""Reads the study's tables as they were written: names stay text, an empty cell is missing, and nothing else is."""

from pathlib import Path

import pandas as pd

from benchmarks import stored

# Class and patient names may look like numbers ("0", "007") or like missing values ("None").
TEXT = [
    *("architecture", "protocol", "task", "metric", "label", "majority_label", "honest_protocol", "predicted", "trial"),
    *("sample", "source", "patient", "note", "part", "unit", "verdict", "layer", "variant", "precision", "finished"),
    *("kind", "part_a", "part_b", "sample_a", "sample_b", "source_a", "source_b", "label_a", "label_b", "transform"),
    *("column", "partner", "partner_value", "hyperparameter", "second", "region", "map", "check", "step", "edit"),
    *("factor", "group", "region_or_group", "evidence"),
]
NUMBERS = {"per_class": ["precision"]}  # columns of some tables that are text in others
WORDS = {"conflicts": ["value"]}


def read_table(results: Path, name: str) -> pd.DataFrame:
    """Read `results`/tables/<name>.csv. Raises BadInput that names the stage to run if it is not there."""
    path = results / "tables" / f"{name}.csv"
    text = [column for column in [*TEXT, *WORDS.get(name, [])] if column not in NUMBERS.get(name, [])]
    return stored.table(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])
