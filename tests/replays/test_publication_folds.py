"""A publication's own split as folds: copies of films stand in for its own, seeds number the folds."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BadInput
from benchmarks.publications import publication
from benchmarks.replays.folds import chosen_copies, split
from benchmarks.study import replayed
from benchmarks.study.study import load_study

MAMMOFLOW = publication.load(publication.find("mammoflow_2025"))
FILMS = {"Density1Benign": 12, "Density1Malignant": 30, "Density2Benign": 4, "Density2Malignant": 32}
FILMS |= {"Density3Benign": 13, "Density3Malignant": 8, "Density4Benign": 6, "Density4Malignant": 1}
PRINTED = [145, 313, 40, 332, 137, 84, 84, 10]


@pytest.fixture(scope="module")
def samples():
    """Files named as in the Mendeley data set: 72 copies of each of 106 films, every second one enhanced."""
    rows = []
    for label, films in FILMS.items():
        for film in range(films):
            source = f"{20_000_000 + 1000 * list(FILMS).index(label) + film}"
            for copy in range(1, 73):
                variant = "clahe" if copy % 2 else "original"
                name = f"after/{label}/{source} ({copy}).png"
                rows.append((name, label, source, "after", copy, variant))
    return pd.DataFrame(rows, columns=["sample", "label", "source", "folder", "copy", "variant"])


@pytest.mark.parametrize("copies", [27, 54])
def test_the_split_gives_the_printed_supports_exactly(samples, copies):
    folds = split(samples, f"mammoflow_2025_copies{copies}", seed=1, repeats=1)
    tested = folds[folds["part"] == "test"].merge(samples, on="sample")
    assert tested["label"].value_counts().reindex(list(FILMS)).tolist() == PRINTED
    sizes = folds["part"].value_counts()
    assert {part: sizes[part] for part in ("train", "test")} == MAMMOFLOW["split"]["sizes"]


def test_fourteen_copies_of_each_film_do_not_give_the_printed_supports(samples):
    folds = split(samples, "mammoflow_2025_copies14", seed=1, repeats=1)
    assert (folds["part"] == "test").sum() == 594  # a fifth of 14 x 212


def test_the_test_part_is_what_training_watched_where_the_publication_did_so(samples):
    folds = split(samples, "mammoflow_2025_copies27", seed=1, repeats=1)
    parts = folds.groupby("part")["sample"].agg(set)
    assert parts["validation"] == parts["test"] and not parts["test"] & parts["train"]


@pytest.mark.parametrize(("copies", "film"), [(14, ["source", "variant"]), (54, ["source"])])
def test_each_film_gets_its_first_copies(samples, copies, film):
    chosen = chosen_copies(samples, copies)
    assert set(chosen.groupby(film).size()) == {copies}
    assert len(chosen) == copies * samples.groupby(film).ngroups


def test_data_with_too_few_copies_are_refused(samples):
    with pytest.raises(BadInput, match="needs 73 copies of each film, the data ship 72"):
        chosen_copies(samples, 73)
    with pytest.raises(BadInput, match="needs 14 copies of each film, the data ship 0"):
        chosen_copies(samples.assign(folder="before"), 14)


def test_a_split_without_a_stated_seed_differs_between_seeds_and_repeats_itself(samples):
    files = samples.assign(label=samples["label"].str.removeprefix("Density").str[1:].str.lower())
    twice = [split(files, "learntocode_2022", seed=3, repeats=2) for _ in range(2)]
    pd.testing.assert_frame_equal(*twice)
    tested = twice[0][twice[0]["part"] == "test"].groupby("fold")["sample"].agg(set)
    assert len(tested) == 2 and tested[0] != tested[1]
    pd.testing.assert_series_equal(
        split(files, "learntocode_2022", seed=4, repeats=1)["sample"],
        twice[0].loc[twice[0]["fold"] == 1, "sample"].reset_index(drop=True),
    )


def test_data_of_other_classes_are_refused(samples):
    with pytest.raises(BadInput, match=r"publications.learntocode_2022: other classes than in"):
        split(samples, "learntocode_2022", seed=0, repeats=1)


def test_protocols_of_a_publication_name_their_copies():
    assert replayed.splits("mammoflow_2025") == [f"mammoflow_2025_copies{n}" for n in (14, 27, 54)]
    assert replayed.split_of("mammoflow_2025_copies27_permuted") == ("mammoflow_2025", 27)
    assert replayed.split_of("jimenez_2024") == ("jimenez_2024", None)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"alves": {}}, "publications.alves: protocol `published` replays it"),
        ({"nobody_1999": {}}, "publications.nobody_1999: no folder of that name"),
        ({"iieta_2025": {}}, "publications.iieta_2025: neither split nor recipe is known"),
        ({"mammoflow_2025": {"variants": {"vgg": {}}}}, "publications.mammoflow_2025.variants.vgg: not a variant"),
        ({"mammoflow_2025": {"epoch": 3}}, "publications.mammoflow_2025: unknown key epoch"),
        (
            {"mammoflow_2025": {"variants": {"vgg16": {"widht": 0.5}}}},
            "publications.mammoflow_2025.variants.vgg16.widht: no option of it; allowed: width, blocks",
        ),
        (
            {"learntocode_2022": {"variants": {"vgg16": {"weights": "x.h5"}}}},
            "publications.learntocode_2022.variants.vgg16.weights: no option of it; allowed: none",
        ),
        (
            {"learntocode_2022": {"weights": {"cnn": "x.h5"}}},
            "publications.learntocode_2022.weights.cnn: it takes no weights; remove this key",
        ),
    ],
)
def test_a_publication_that_cannot_be_replayed_is_refused(entry, problem):
    with pytest.raises(BadInput) as refused:
        load_study(json.dumps({"extends": "demo", "publications": entry}))
    assert problem in str(refused.value)


def test_seeds_are_repeated_where_none_is_stated():
    filled = replayed.completed({"mammoflow_2025": {"image_size": 64}, "jimenez_2024": {"variants": {"cnn": {}}}})
    assert [filled[name]["seeds"] for name in filled] == [1, replayed.SEEDS]
    assert filled["jimenez_2024"]["variants"] == {"cnn": {}} and filled["mammoflow_2025"]["image_size"] == 64
    settings = replayed.settings(filled, "mammoflow_2025", "vgg16")
    assert (settings["image_size"], settings["batch_size"], settings["epochs"]) == (64, 64, 10)
    assert np.isclose(settings["optimiser"]["learning_rate"], 1e-4)
