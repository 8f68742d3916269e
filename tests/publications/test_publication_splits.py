"""Split rules give the files of Keras' and scikit-learn's own functions, and the printed supports of publications."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_studies import plain_study

from benchmarks.errors import BadInput
from benchmarks.publications import publication, splits


def table(**counts: int) -> pd.DataFrame:
    rows = [{"label": label, "name": f"{n:04}.png"} for label, count in counts.items() for n in range(count)]
    return pd.DataFrame(rows)


def supports(files: pd.DataFrame, positions: np.ndarray) -> list[int]:
    return files["label"].iloc[positions].value_counts().reindex(files["label"].unique()).tolist()


@pytest.mark.parametrize(("share", "seed"), [(0.2, 123), (0.34, 7)])
def test_keras_validation_split_is_keras_own(tmp_path, share, seed):
    import keras
    from PIL import Image

    rows = []
    for label, count in {"b": 9, "a": 14, "c": 2}.items():
        (tmp_path / label).mkdir()
        for number in range(count):
            name = f"2058{number % 3} ({number + 1}).png"
            Image.new("L", (4, 4)).save(tmp_path / label / name)
            rows.append({"label": label, "name": name})
    files = splits.ordered(pd.DataFrame(rows).sample(frac=1, random_state=0))
    ours = splits.keras_validation_split(len(files), share, seed)
    for subset, positions in zip(("training", "validation"), ours, strict=True):
        paths = keras.utils.image_dataset_from_directory(
            tmp_path, validation_split=share, seed=seed, subset=subset, image_size=(4, 4), verbose=False
        ).file_paths
        theirs = [Path(path).relative_to(tmp_path).as_posix() for path in paths]
        assert theirs == (files["label"] + "/" + files["name"]).iloc[positions].tolist()


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(10, 40), min_size=2, max_size=4),
    share=st.sampled_from([0.1, 0.2, 0.33]),
    seed=st.integers(0, 999),
    stratify=st.booleans(),
)
def test_train_test_split_and_k_fold_are_scikit_learns_own(counts, share, seed, stratify):
    from sklearn import model_selection

    files = table(**{f"c{n}": count for n, count in enumerate(counts)})
    names = (files["label"] + files["name"]).tolist()
    labels = files["label"].to_numpy()
    theirs = model_selection.train_test_split(
        names, test_size=share, random_state=seed, stratify=labels if stratify else None
    )
    ours = splits.train_test_split(labels, share, seed, stratify=stratify)
    assert [[names[n] for n in part] for part in ours] == theirs
    kind = model_selection.StratifiedKFold if stratify else model_selection.KFold
    folds = list(kind(5, shuffle=True, random_state=seed).split(names, labels))
    for (train, test), own in zip(folds, splits.k_fold(labels, 5, seed, stratify=stratify), strict=True):
        assert (train == own[0]).all() and (test == own[1]).all()


def test_mammoflow_has_its_printed_supports():
    content = publication.load(publication.find("mammoflow_2025"))
    data = content["data"]["inbreast"]
    files = table(**dict(zip(data["classes"], data["counts"], strict=True)))
    made = splits.parts(content["split"], files)
    assert supports(files, made["test"]) == [145, 313, 40, 332, 137, 84, 84, 10]
    assert {part: len(own) for part, own in made.items()} == content["split"]["sizes"]
    assert supports(files, made["test"]) == content["figures"][0]["support"]


def test_the_first_publication_has_its_printed_supports(real_zip):
    from benchmarks.datasets import mendeley_inbreast

    content = publication.load(publication.find("alves"))
    samples = mendeley_inbreast.load(mendeley_inbreast.OPTIONS, real_zip, 1).samples
    files = splits.ordered(samples.assign(name=samples["sample"].str.rsplit("/", n=1).str[-1]))
    made = splits.parts(content["split"], files)
    assert supports(files, made["test"]) == [2, 11, 1, 19, 3, 1, 4, 1]
    assert {part: len(own) for part, own in made.items()} == content["split"]["sizes"]
    assert set(files["folder"].iloc[made["test"]]) == {"before"}


def test_the_protocol_published_shuffles_each_folder_as_keras_does_with_seed_123():
    from benchmarks.datasets import phantom
    from benchmarks.protocols import published

    samples = phantom.load(phantom.OPTIONS, None, 1).samples
    folds = published.split(samples, plain_study())
    for folder, larger, smaller in (("after", "train", "validation"), ("before", None, "test")):
        names = sorted(samples.loc[samples["folder"] == folder, "sample"])  # of folders of classes: class, then name
        np.random.RandomState(123).shuffle(names)
        held = int(0.2 * len(names))
        assert folds.loc[folds["part"] == smaller, "sample"].tolist() == names[-held:]
        assert folds.loc[folds["part"] == larger, "sample"].tolist() == (names[:-held] if larger else [])


def test_copies_before_the_split_fall_on_both_sides():
    copies = splits.augmented(table(a=20, b=20), 10)
    assert copies["file"].tolist()[:11] == [0] * 10 + [1] and copies["copy"].tolist()[:11] == [*range(10), 0]
    train, test = splits.train_test_split(copies["label"].to_numpy(), 0.2, 0, stratify=False)
    shared = set(copies["file"].iloc[train]) & set(copies["file"].iloc[test])
    assert len(test) == 80 and len(shared) > 30


def step(files: str, into: list[str], **more) -> dict:
    return {
        "files": files,
        "rule": "train_test_split",
        "share": 0.25,
        "stratify": True,
        "seed": None,
        "into": into,
    } | more


def test_steps_divide_what_earlier_steps_made():
    files = table(a=40, b=40)
    split = {"steps": [step("all", ["train", "test"]), step("train", ["train", "validation"])]}
    made = splits.parts(split, files, seed=3)
    assert {part: len(own) for part, own in made.items()} == {"test": 20, "train": 45, "validation": 15}
    assert sorted(np.concatenate(list(made.values()))) == list(range(80))
    other = splits.parts(split, files, seed=4)
    assert set(made["test"]) != set(other["test"])
    stated = {"steps": [step("all", ["train", "test"], seed=1)]}
    same = [splits.parts(stated, files, seed=seed)["test"].tolist() for seed in (3, 4)]
    assert same[0] == same[1]


def test_other_rules_take_shipped_parts_lists_and_functions(tmp_path):
    files = table(a=3, b=1).assign(official_part=["train", "test", "train", "test"], folder="before")
    shipped = {"files": "before", "rule": "shipped_parts", "into": ["train", "test"]}
    assert splits.parts({"steps": [shipped]}, files)["test"].tolist() == [1, 3]
    files["name"] = ["w.png", "x.png", "y.png", "z.png"]
    (tmp_path / "test.txt").write_text("z.png\nx.png\n")
    lists = {"files": "all", "rule": "file_lists", "into": ["test"], "lists": {"test": "test.txt"}}
    assert splits.parts({"steps": [lists]}, files, folder=tmp_path)["test"].tolist() == [3, 1]
    (tmp_path / "variants.py").write_text("def odd(names, labels):\n    return {'test': [1, 3], 'train': [0, 2]}\n")
    own = {"files": "all", "rule": "function", "into": ["train", "test"], "function": "odd"}
    assert splits.parts({"steps": [own]}, files, folder=tmp_path)["train"].tolist() == [0, 2]
    folds = {"files": "all", "rule": "k_fold", "folds": 2, "stratify": False, "seed": None, "into": ["train", "test"]}
    tested = [splits.parts({"steps": [folds]}, files, fold=fold)["test"].tolist() for fold in (0, 1)]
    assert sorted(tested[0] + tested[1]) == [0, 1, 2, 3]


def test_data_that_do_not_fit_the_split_are_named(tmp_path):
    files = table(a=4, b=1)
    with pytest.raises(BadInput, match=r"split\.steps\.0: the data have no folder `after`; give data"):
        splits.parts({"steps": [step("after", ["train", "test"])]}, files)
    with pytest.raises(BadInput, match=r"train_test_split of 5 files: .*least populated class"):
        splits.parts({"steps": [step("all", ["train", "test"])]}, files)
    with pytest.raises(BadInput, match=r"validation_split=0\.2 of 4 files is no file; give more files"):
        splits.keras_validation_split(4, 0.2, 1)
    shipped = {"files": "all", "rule": "shipped_parts", "into": ["train", "test"]}
    with pytest.raises(BadInput, match="the data ship no parts; give data with a column"):
        splits.parts({"steps": [shipped]}, files)
    (tmp_path / "test.txt").write_text("q.png\n")
    lists = {"files": "all", "rule": "file_lists", "into": ["test"], "lists": {"test": "test.txt"}}
    with pytest.raises(BadInput, match=r"test\.txt: 1 of 1 files are not in the data, first q\.png; correct split"):
        splits.parts({"steps": [lists]}, files, folder=tmp_path)
