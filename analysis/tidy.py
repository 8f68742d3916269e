"""Reading and writing of a study's tables: names stay text, and only an empty cell is a missing value."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import stored
from benchmarks.study.command import stage
from benchmarks.study.study import Study

# Class and patient names may look like numbers ("0", "007") or like missing values ("None").
TEXT = [
    *("architecture", "protocol", "task", "metric", "label", "majority_label", "honest_protocol", "predicted", "trial"),
    *("sample", "source", "patient", "note", "part", "unit", "verdict", "layer", "variant", "precision", "finished"),
    *("kind", "part_a", "part_b", "sample_a", "sample_b", "source_a", "source_b", "label_a", "label_b", "transform"),
    *("column", "partner", "partner_value", "hyperparameter", "second", "region", "map", "check", "step", "edit"),
    *("factor", "group", "region_or_group", "evidence", "not_calibrated", "skill", "verdict_before_skill"),
    *("publication", "role", "class", "where", "printed", "reason", "reduced", "weights", "sizes_printed"),
    *("family", "verdict_uncorrected"),
]
NUMBERS = {"per_class": ["precision"]}  # table -> columns that are numbers there and text in other tables
WORDS = {"conflicts": ["value"]}  # table -> columns that are text there and numbers in other tables


def read_table(results: Path, name: str) -> pd.DataFrame:
    """Read `results`/tables/<name>.csv. Raises BadInput that names the stage to run if the file is missing."""
    path = results / "tables" / f"{name}.csv"
    text = [column for column in [*TEXT, *WORDS.get(name, [])] if column not in NUMBERS.get(name, [])]
    return stored.table(path, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])


def write_tables(study: Study, tables: dict[str, pd.DataFrame], **options) -> None:
    """Write each table to results/<study>/tables/<name>.csv; the options are those of DataFrame.to_csv."""
    folder = study.results() / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, **options)


def table_stage(description: str, tables: Callable[[Study], dict[str, pd.DataFrame]], **options) -> Callable[[], None]:
    """Return the `main` of a module: write the tables that `tables(study)` returns; options as in write_tables."""
    return stage(description, lambda study: write_tables(study, tables(study), **options))
