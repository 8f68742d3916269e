"""How many images a study has, in all and in each part of each fold, known before it has run.

From samples.parquet if the images have been decoded; else from the data set's own list of images, which is read without
decoding them. Sources that have to be found from pixels count as one an image until then.
"""

import dataclasses
from typing import Any

import pandas as pd

from benchmarks import datasets, stored
from benchmarks.replays.folds import split
from benchmarks.samples.folds import make_folds
from benchmarks.samples.samples import DTYPES
from benchmarks.study.study import Study

PARTS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Sizes:
    """`images` and `upright` originals, pixels of a decoded image as shipped, the number of classes.

    `parts` is (protocol, fold) -> number of images in train, validation and test; `tested` is protocol -> number of
    sources in the test parts of the first repeat.
    """

    images: int
    upright: int
    pixels: int
    classes: int
    parts: dict[tuple[str, int], tuple[int, int, int]]
    tested: dict[str, int]


def sizes_of(study: Study) -> Sizes:
    """Return the sizes of `study`. Raises BadInput if its data can't be read or don't allow one of its protocols."""
    results = study.results()
    loaded = datasets.load(study.dataset, study.data, study.seed)
    samples = loaded.samples.reset_index(drop=True)
    if (results / "samples.parquet").is_file():
        samples = stored.table(results / "samples.parquet")
    elif study.sources_found:
        samples = samples.assign(source=samples["sample"])
    missing: dict[str, Any] = {"dataset": study.dataset["name"], "official_part": None}
    samples = samples.assign(**{column: value for column, value in missing.items() if column not in samples})
    samples = samples.astype({column: kind for column, kind in DTYPES.items() if column in samples})
    parts: dict[tuple[str, int], tuple[int, int, int]] = {}
    tested: dict[str, int] = {}
    for protocol in [*study.all_protocols(), *study.splits()]:
        folds = _folds(study, protocol, samples)
        counts = folds.groupby(["fold", "part"]).size().unstack(fill_value=0).reindex(columns=[*PARTS], fill_value=0)
        parts |= {(protocol, int(row.Index)): (row.train, row.validation, row.test) for row in counts.itertuples()}
        first = folds[(folds["part"] == "test") & (folds["repeat"] == 0)]
        own = samples.set_index("sample").loc[first["sample"], "source"]
        tested[protocol] = int(own.nunique() + own.isna().sum())
    native = loaded.native(0)
    return Sizes(len(samples), int(samples["upright"].sum()), native.size, len(loaded.classes), parts, tested)


def _folds(study: Study, protocol: str, samples: pd.DataFrame) -> pd.DataFrame:
    path = study.results() / "folds" / f"{protocol}.parquet"
    if path.is_file():
        return stored.table(path)
    if protocol in study.splits():
        return split(samples, protocol, study.seed, len(study.cells(protocol)))
    return make_folds(protocol, samples, study)
