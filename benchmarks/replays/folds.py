"""Write results/<study>/folds/<split>.parquet: a publication's own split of the study's samples.

Columns: sample (str), fold (int, the number of the seed), part (train, validation, test), repeat (int, the fold), and,
with permuted labels, label (str). The part `test` holds the files behind the printed figures, `validation` those that
training watched: both are the same files where the publication tested on its validation part, or the reverse.
"""

import pandas as pd

from benchmarks import stored
from benchmarks.errors import BadInput, run_cli
from benchmarks.protocols import PERMUTED
from benchmarks.protocols._derived import shuffled
from benchmarks.publications import publication
from benchmarks.publications.splits import listed, parts
from benchmarks.samples.folds import store
from benchmarks.study import replayed
from benchmarks.study.command import stage
from benchmarks.study.study import Study


def chosen_copies(samples: pd.DataFrame, copies: int) -> pd.DataFrame:
    """Return the first `copies` shipped copies of each film, where a publication made its own before the split.

    A film is one variant (original, clahe) of a source if that has enough copies, else the whole source. The shipped
    copies stand in for the publication's own. Raises BadInput if a film has fewer.
    """
    shipped = samples[samples["folder"] == "after"].sort_values(["source", "copy"])
    for film in (["source", "variant"], ["source"]):
        place = shipped.groupby(film).cumcount()
        if len(shipped) and shipped.groupby(film).size().min() >= copies:
            return shipped[place < copies]
    most = int(shipped.groupby("source").size().min()) if len(shipped) else 0
    raise BadInput(f"the split needs {copies} copies of each film, the data ship {most}; give the publication's data")


def split(samples: pd.DataFrame, protocol: str, seed: int, repeats: int) -> pd.DataFrame:
    """Return the folds of `protocol`, a publication's own split, one for each of `repeats` seeds from `seed` on.

    A stated seed is the same in each. Raises BadInput if the samples allow no such split.
    """
    name, copies = replayed.split_of(protocol)
    path, content = publication.find(name), replayed.content_of(name)
    classes = next(iter(content["data"].values()))["classes"]
    if strange := sorted(set(samples["label"]) ^ set(classes or samples["label"])):
        raise BadInput(f"publications.{name}: other classes than in {path} ({', '.join(strange)}); use its own data")
    files = chosen_copies(samples, copies) if copies else samples
    files = listed(files, classes).reset_index(drop=True)
    folds = []
    for number in range(repeats):
        made = parts(content["split"], files, seed=seed + number, folder=path.parent)
        tested = "test" if "test" in made else "validation"
        watched = content["split"].get("validated_on", "validation" if "validation" in made else tested)
        for part, own in (("train", "train"), ("validation", watched), ("test", tested)):
            ids = files["sample"].iloc[made[own]]
            folds.append(pd.DataFrame({"sample": ids, "fold": number, "part": part, "repeat": number}))
    return pd.concat(folds, ignore_index=True)


def write_split(study: Study, protocol: str) -> None:
    """Write the folds of one split of the study's publications. Raises BadInput if it has no such split."""
    if protocol not in study.splits():
        raise BadInput(f"{study.path} replays no {protocol}; its splits: {', '.join(study.splits()) or 'none'}")
    samples = stored.table(study.results() / "samples.parquet")
    folds = split(samples, protocol, study.seed, len(study.cells(protocol)))
    store(study, protocol, shuffled(folds, samples, study.seed) if protocol.endswith(PERMUTED) else folds)


main = stage(
    "Split the samples of a study as a publication did.",
    write_split,
    protocol={"required": True, "help": "one of the splits of the study's publications"},
)

if __name__ == "__main__":
    run_cli(main)
