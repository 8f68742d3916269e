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
    found = []
    for name, protocol in splits:
        if role_of(study, protocol) == OWN:
            folds = read_folds(study, protocol)
            row = {"publication": name, "protocol": protocol, "copies": copies_of(study, protocol)}
            found.append(row | counted(folds, samples) | fit(folds, samples, replayed.content_of(name)))
    return pd.DataFrame(found).astype({"copies": "Int64", "same_source": "Int64"})


def counted(folds: pd.DataFrame, samples: pd.DataFrame) -> dict[str, int | None]:
    """Return the sizes of the parts of fold 0, and how many test files have a relative in training.

    `same_source` counts test files of which a copy is in training (None if the source of a file is not known),
    `identical` those with the same pixels (md5).
    """
    first = folds[folds["fold"] == 0][["sample", "part"]].merge(samples, on="sample", validate="m:1")
    parts = {part: first[first["part"] == part] for part in ("train", "validation", "test")}
    train, test = parts["train"], parts["test"]
    known = first["source"].notna().all()
    return {
        **{f"n_{part}": len(own) for part, own in parts.items()},
        "same_source": int(test["source"].isin(train["source"]).sum()) if known else None,
        "identical": int(test["md5"].isin(train["md5"]).sum()),
    }


def fit(folds: pd.DataFrame, samples: pd.DataFrame, content: dict) -> dict[str, object]:
    """Return the printed sizes in words, and whether the parts and the classes of the test part have them.

    sizes_fit is None if no size is printed. Parts that the replay does not use are not compared.
    """
    first = folds[folds["fold"] == 0].merge(samples[["sample", "label"]], on="sample", validate="m:1")
    tested = tested_part(content)
    part = {"train": "train", "validation": content["split"].get("validated_on", "validation"), "test": tested}
    sizes = {part[name]: n for name, n in first["part"].value_counts().items()}
    printed = {name: n for name, n in content["split"]["sizes"].items() if n is not None}
    labels = first.loc[first["part"] == "test", "label"].value_counts().to_dict()
    supports = [_supports(content, entry, tested) for entry in content["figures"]]
    supports = [own for own in supports if own.keys() == labels.keys()]
    words = ", ".join(f"{name} {n:,}" for name, n in printed.items())
    words += "".join(f"; supports {' '.join(map(str, own.values()))}" for own in supports[:1])
    fits = all(sizes[name] == n for name, n in printed.items() if name in sizes) and all(x == labels for x in supports)
    return {"sizes_printed": words, "sizes_fit": fits if words else None}


def _supports(content: dict, entry: dict, tested: str) -> dict[str, int]:
    """Return the printed supports of an entry of `figures` by class; empty if it has none of the part `tested`."""
    if entry["part"] != tested or "support" not in entry:
        return {}
    return dict(zip(views.classes_of(content, entry) or (), entry["support"], strict=True))
