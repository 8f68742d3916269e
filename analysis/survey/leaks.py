"""Leaks of the publications' own splits, counted from folds and samples, and whether they have the printed sizes."""

import pandas as pd

from analysis.predictions import read_folds, read_samples
from analysis.survey.figures import tested_part
from analysis.survey.measured import OWN, copies_of, role_of
from benchmarks.publications import views
from benchmarks.study import replayed
from benchmarks.study.study import Study


def rows(study: Study) -> pd.DataFrame:
    """Return the rows of replay_leaks.csv: the first seed of each publication's own split."""
    samples = read_samples(study)
    splits = dict.fromkeys((name, protocol) for name, _, protocol in study.replays())
    found = [
        {"publication": name, "protocol": protocol, "copies": copies_of(study, protocol)}
        | counted(read_folds(study, protocol), samples)
        | fit(read_folds(study, protocol), samples, replayed.content_of(name))
        for name, protocol in splits
        if role_of(study, protocol) == OWN
    ]
    return pd.DataFrame(found).astype({"copies": "Int64"})


def counted(folds: pd.DataFrame, samples: pd.DataFrame) -> dict[str, int]:
    """Return the sizes of the parts of fold 0, and how many test files have a relative in training.

    `same_source` counts test files of which a copy is in training, `identical` those with the same pixels (md5).
    """
    first = folds[folds["fold"] == 0][["sample", "part"]].merge(samples, on="sample", validate="m:1")
    parts = {part: first[first["part"] == part] for part in ("train", "validation", "test")}
    train, test = parts["train"], parts["test"]
    return {
        **{f"n_{part}": len(own) for part, own in parts.items()},
        "same_source": int(test["source"].isin(train["source"].dropna()).sum()),
        "identical": int(test["md5"].isin(train["md5"]).sum()),
    }


def fit(folds: pd.DataFrame, samples: pd.DataFrame, content: dict) -> dict[str, object]:
    """Return the printed sizes in words, and whether the parts and the classes of the test part have them."""
    first = folds[folds["fold"] == 0].merge(samples[["sample", "label"]], on="sample", suffixes=("_shuffled", ""))
    tested = tested_part(content)
    part = {"test": tested} | {name: name for name in ("train", "validation") if name != tested}
    sizes = {part[name]: n for name, n in first["part"].value_counts().items() if name in part}
    printed = {name: n for name, n in content["split"]["sizes"].items() if n is not None}
    supports = [
        dict(zip(views.classes_of(content, entry) or (), entry["support"], strict=True))
        for entry in content["figures"]
        if entry["part"] == tested and entry.get("support")
    ]
    labels = first.loc[first["part"] == "test", "label"].value_counts().to_dict()
    same = [own for own in supports if set(own) == set(labels)]
    words = ", ".join(f"{name} {n:,}" for name, n in printed.items())
    words += "".join(f"; supports {' '.join(map(str, own.values()))}" for own in same[:1])
    fits = all(sizes.get(name) == n for name, n in printed.items()) and all(own == labels for own in same)
    return {"sizes_printed": words, "sizes_fit": fits}
