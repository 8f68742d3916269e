"""Comparison of architectures: tables against a case worked by hand, figures, and text of the report."""

import itertools
import json
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import small_results
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy import stats
from synthetic_comparison import write_comparison
from synthetic_results import EIGHT, SIX, World

from analysis.accuracy import Accuracies
from analysis.comparison import comparison
from analysis.comparison.comparison import A_BETTER, B_BETTER, NO_DIFFERENCE, beats, compare, verdict
from analysis.drawing.style import use_style
from analysis.figures import comparison as figures_comparison
from analysis.names import short
from analysis.tidy import read_table
from benchmarks.errors import BadInput
from benchmarks.samples.folds import make_folds
from benchmarks.study.names import BASELINES
from benchmarks.study.study import load_study
from reports.sections import comparison as section

pytestmark = pytest.mark.filterwarnings("error")
CLASSES = ["Density1Benign", "Density2Malignant"]
SAMPLES = pd.DataFrame(
    [
        {"sample": f"before/{label}/s{i}.png", "label": label, "source": f"s{i}", "patient": f"p{i // 2:02d}"}
        | {"folder": "before", "upright": True, "density": int(label[7]), "severity": label[8:].lower()}
        for i, label in enumerate(np.repeat(CLASSES, [24, 36]))
    ]
)
N = len(SAMPLES)

THUMBNAILS, FEATURES = "logistic regression on thumbnails", "logistic regression on ImageNet features"
LISTED = f"majority class, random guesses, {THUMBNAILS} and {FEATURES}"


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return small_results.write_results(tmp_path)


@pytest.fixture
def write_study(tmp_path, monkeypatch):
    """Write a study of 30 patients with two images each; `right` is a mask of right answers for each name."""
    monkeypatch.chdir(tmp_path)

    def write(right: dict[str, np.ndarray], repeats: int = 1, bootstrap: int = 1000):
        content = {"description": "Planted.", "seed": 1, "dataset": {"name": "phantom"}, "image_size": 64, "folds": 3}
        content |= {"protocols": ["by_patient"], "repeats": repeats, "bootstrap": bootstrap}
        content |= {"architectures": {name: {} for name in right if name not in BASELINES}}
        (tmp_path / "planted.yaml").write_text(yaml.safe_dump(content))
        study = load_study("planted.yaml")
        (study.results() / "folds").mkdir(parents=True)
        SAMPLES.to_parquet(study.results() / "samples.parquet")
        (study.results() / "dataset.json").write_text(json.dumps({"classes": CLASSES}))
        folds = make_folds("by_patient", SAMPLES, study)
        folds.to_parquet(study.results() / "folds" / "by_patient.parquet")
        for (fold, part), rows in folds.groupby(["fold", "part"]):
            for name in study.compared() if part == "test" else []:
                tested = SAMPLES.set_index("sample").loc[rows["sample"]].reset_index()
                hit = pd.Series(right.get(name, np.zeros(N, bool)), SAMPLES["sample"])[tested["sample"]].to_numpy()
                other = np.where(tested["label"] == CLASSES[0], CLASSES[1], CLASSES[0])
                table = tested[["sample", "source", "patient", "label"]].assign(
                    predicted=np.where(hit, tested["label"], other)
                )
                for label in CLASSES:
                    table[f"p_{label}"] = np.where(table["predicted"] == label, 0.75, 0.25)
                folder = study.results() / "cells" / name / "by_patient" / str(fold)
                folder.mkdir(parents=True)
                table.to_parquet(folder / "predictions.parquet")
        return study

    return write


def answers(share: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(N) < share


def test_a_case_worked_by_hand(small):
    table, ranks = compare(small).values()
    assert table.columns.tolist() == comparison.COLUMNS and ranks.columns.tolist() == comparison.RANK_COLUMNS
    own = table[(table["protocol"] == "by_patient") & (table["b"] == "majority")].set_index(["test", "task"])
    # simple is right on s1, s3 and s5, the majority class on s1 and s5: one image of six apart.
    bootstrap = own.loc[("paired_bootstrap", "class8")]
    assert (bootstrap["effect"], bootstrap["n"], bootstrap["unit"]) == (pytest.approx(1 / 6), 4, "patients")
    assert bootstrap["ci_low"] == 0 and bootstrap["verdict"] == NO_DIFFERENCE and 0 < bootstrap["detectable"] < 1
    mcnemar = own.loc[("mcnemar", "class8")]
    assert (mcnemar["p"], mcnemar["n"], mcnemar["unit"]) == (1, 6, "images")
    # Accuracies of the two folds 2/4 and 1/2 against 1/4 and 1/2: mean difference 1/8, s² = 1/32, corrected by
    # 1/2 + 1 to 3/64. With one degree of freedom t is Cauchy's distribution: t = 1 / sqrt(3), p = 1 - 2/6.
    t = own.loc[("corrected_t", "class8")]
    assert (t["effect"], t["p"], t["n"], t["unit"]) == (pytest.approx(1 / 8), pytest.approx(2 / 3), 2, "folds")
    # Within 0.05 of zero in the same distribution.
    bayes = own.loc[("bayesian", "class8")]
    scale = math.sqrt(3 / 64)
    within = stats.cauchy.cdf(0.05, 1 / 8, scale) - stats.cauchy.cdf(-0.05, 1 / 8, scale)
    assert bayes["p_equivalent"] == pytest.approx(within) and bayes["p_a_better"] > bayes["p_b_better"]
    severity = own.loc[("paired_bootstrap", "severity")]
    # Within folds, simple has 2.5 of 3 pairs right in fold 0 and half of 1 in fold 1, the majority class half of all.
    assert severity["metric"] == "roc_auc_within" and severity["effect"] == pytest.approx(3 / 4 - 1 / 2)
    assert severity["verdict"].startswith("not evaluable: undefined in")
    # Density: simple has four of six right, the majority class s1, s2 and s5.
    assert own.loc[("paired_bootstrap", "density"), "effect"] == pytest.approx(4 / 6 - 3 / 6)
    # simple leads in fold 0 (rank 1; four baselines share 2 to 5: 3.5), all five are equal in fold 1 (3).
    honest = ranks[ranks["protocol"] == "by_patient"].set_index("architecture")
    assert honest["mean_rank"].to_dict() == {"simple": 2, **dict.fromkeys(BASELINES, 3.25)}
    assert (honest["n_blocks"] == 2).all() and (honest["verdict"] == NO_DIFFERENCE).all()
    assert own.loc[("nemenyi", "class8"), "effect"] == 1.25
    assert own.loc[("nemenyi", "class8"), "p_holm"] >= honest["friedman_p"].iloc[0]


def test_tests_over_folds_are_not_evaluable_under_published(small):
    table, ranks = compare(small).values()
    own = table[(table["protocol"] == "published") & (table["unit"] == "folds")]
    assert set(own["test"]) == {"corrected_t", "bayesian", "friedman", "nemenyi"}
    assert (own["verdict"] == "not evaluable: every fold has the same test images").all() and own["p"].isna().all()
    assert ranks.loc[ranks["protocol"] == "published", "mean_rank"].isna().all()


def test_every_missing_number_has_a_reason(small):
    table, _ = compare(small).values()
    evaluable = ~table["verdict"].str.startswith("not evaluable: ")
    bayesian, bootstrap = table["test"] == "bayesian", table["test"] == "paired_bootstrap"
    assert table.loc[evaluable & ~bayesian, ["p", "p_holm"]].notna().all(axis=None)
    assert table.loc[evaluable & bayesian, ["p_a_better", "p_equivalent", "p_b_better"]].notna().all(axis=None)
    assert table.loc[evaluable & bootstrap, ["effect", "ci_low", "ci_high"]].notna().all(axis=None)
    assert table.loc[bootstrap & (table["metric"] == "accuracy"), "detectable"].notna().all()


def test_a_planted_winner_is_found_and_holm_counts_its_family(write_study):
    study = write_study({"simple": answers(0.95, 1), "vgg16": answers(0.35, 2), "majority": answers(0.3, 3)})
    table, _ = compare(study).values()
    assert beats(table, "by_patient") == {"simple": list(BASELINES), "vgg16": list(BASELINES[1:])}
    main = table[(table["test"] == "paired_bootstrap") & (table["task"] == "class8")]
    pair = main[main["family"] == "architectures"].iloc[0]
    assert pair["verdict"] == A_BETTER and pair["effect"] > pair["detectable"]
    assert pair["p_holm"] == pair["p"]  # the only pair
    family = main[main["family"] == "baseline"]
    # Two architectures against four baselines.
    assert len(family) == 8 and family["p_holm"].min() == pytest.approx(8 * family["p"].min())
    others = table[(table["family"] == "architectures") & (table["task"] == "class8")].set_index("test")["verdict"]
    assert others[["corrected_t", "mcnemar", "bayesian"]].tolist() == [A_BETTER] * 3


def test_the_order_of_two_names_flips_effect_and_verdict(write_study, tmp_path):
    good, bad = answers(0.9, 1), answers(0.3, 2)
    first, _ = compare(write_study({"simple": good, "vgg16": bad})).values()
    (tmp_path / "results").rename(tmp_path / "first")
    second, _ = compare(write_study({"simple": bad, "vgg16": good})).values()
    flipped = {A_BETTER: B_BETTER, B_BETTER: A_BETTER}
    pairs = [table[table["family"] == "architectures"].reset_index(drop=True) for table in (first, second)]
    assert pairs[0]["verdict"].tolist() == [flipped.get(v, v) for v in pairs[1]["verdict"]]
    assert {A_BETTER, B_BETTER} & set(pairs[0]["verdict"])
    for column, other, sign in (("effect", "effect", -1), ("ci_low", "ci_high", -1), ("p", "p", 1)):
        np.testing.assert_allclose(pairs[0][column], sign * pairs[1][other], atol=1e-9)
    np.testing.assert_allclose(pairs[0]["p_a_better"], pairs[1]["p_b_better"], atol=1e-9)
    np.testing.assert_allclose(pairs[0]["detectable"], pairs[1]["detectable"], atol=0.02)


def test_identical_predictions_show_no_difference(write_study):
    same = answers(0.5, 1)
    table, _ = compare(write_study({"simple": same, "vgg16": same, "majority": same})).values()
    own = table[(table["family"] == "architectures") | (table["b"] == "majority")]
    main = own[own["test"] == "paired_bootstrap"]
    assert (main["verdict"] == NO_DIFFERENCE).all()
    assert (main[["effect", "ci_low", "ci_high"]] == 0).all(axis=None) and (main["p"] == 1).all()
    notes = own.set_index("test")["verdict"]
    assert set(notes[["corrected_t", "bayesian"]]) == {"not evaluable: the difference is the same in every fold"}
    assert set(notes["mcnemar"]) == {"not evaluable: both are right on the same images"}


def test_repeats_are_averaged_by_the_bootstrap_and_counted_once_elsewhere(write_study):
    table, ranks = compare(write_study({"simple": answers(0.7, 1), "vgg16": answers(0.5, 2)}, repeats=2)).values()
    own = table[(table["family"] == "architectures") & (table["task"] == "class8")].set_index("test")
    # The planted answers are the same in both repeats.
    difference = answers(0.7, 1).mean() - answers(0.5, 2).mean()
    assert own.loc[["paired_bootstrap", "mcnemar"], "effect"].tolist() == pytest.approx([difference] * 2)
    counts = {"paired_bootstrap": 30, "mcnemar": N, "corrected_t": 6, "bayesian": 6, "nemenyi": 3}
    assert own["n"].to_dict() == counts and (ranks["n_blocks"] == 3).all()


def test_p_values_use_more_resamples_than_intervals(write_study):
    study = write_study({"simple": answers(0.95, 1), "majority": answers(0.3, 3)}, bootstrap=100)
    table, _ = compare(study).values()
    row = table[(table["test"] == "paired_bootstrap") & (table["task"] == "class8")].set_index("b").loc["majority"]
    # 200 resamples for each of four baselines.
    assert (row["p"], row["p_holm"]) == (pytest.approx(2 / 801), pytest.approx(4 * 2 / 801))
    accuracies = Accuracies(study)
    _, limits = accuracies.of("simple", "by_patient").minus(accuracies.of("majority", "by_patient"))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((limits.low, limits.high))


def test_a_missing_cell_is_named(small):
    (small.results() / "cells/stratified/by_patient/1/predictions.parquet").unlink()
    with pytest.raises(BadInput, match=r"stratified/by_patient/1/predictions\.parquet is missing"):
        compare(small)


def test_the_tables_are_written(small, monkeypatch):
    monkeypatch.setattr("sys.argv", ["comparison", "--study", "small.yaml"])
    comparison.main()
    table, ranks = (read_table(small.results(), name) for name in ("comparison", "ranks"))
    # Two protocols: simple against four baselines in seven tests each and Friedman's test; five names ranked.
    assert len(table) == 2 * (4 * 7 + 1) and len(ranks) == 2 * 5


@given(effect=st.floats(-1, 1).filter(bool), p=st.floats(0, 1), test=st.sampled_from(["corrected_t", "mcnemar"]))
def test_a_verdict_follows_the_sign_and_needs_a_small_p(effect, p, test):
    about = {"note": "", "test": test, "p_holm": p, "ci_low": np.nan, "ci_high": np.nan}
    both = [verdict(about | {"effect": sign * effect}) for sign in (1, -1)]
    assert both[0] == (NO_DIFFERENCE if p >= 0.05 else A_BETTER if effect > 0 else B_BETTER)
    assert both[1] == {A_BETTER: B_BETTER, B_BETTER: A_BETTER}.get(both[0], both[0])
    assert verdict(about | {"effect": effect, "ci_low": min(0, effect), "ci_high": max(0, effect)}) == NO_DIFFERENCE


@pytest.fixture
def results(tmp_path):
    """Write the tables of a synthetic study, and return what the section of the report reads."""

    def write(architectures=SIX, names=("published", "by_source", "by_patient")):
        (tmp_path / "tables").mkdir()
        world = World(None, tmp_path, list(names), list(architectures), EIGHT, 3, True)
        world.factors, world.honest = True, {}
        write_comparison(world)
        honest = [name for name in names if name != "published"]
        about = {"architectures": sorted(architectures), "protocols": list(names), "honest": honest}
        return SimpleNamespace(table=lambda name: read_table(tmp_path, name), **about)

    use_style()
    yield write
    plt.close("all")


def test_ranks_within_the_critical_distance_are_joined():
    ranks = pd.DataFrame({"architecture": list("abcd"), "mean_rank": [4.5, 1, 2, 4]})
    ranks = ranks.assign(protocol="by_patient", n_blocks=5, critical_distance=2.2, friedman_p=0.01)
    joined = {"ranks differ": [[1, 2], [2, 4], [4, 4.5]], NO_DIFFERENCE: [[1, 4.5]]}
    for verdict_of_all, expected in joined.items():
        axes = figures_comparison.critical_difference(ranks.assign(verdict=verdict_of_all), "by_patient").axes[0]
        bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 2.6]
        np.testing.assert_allclose(bars, expected, atol=0.02)
        texts = [text.get_text() for text in axes.texts]
        assert "by_patient: mean rank in 5 folds (Friedman p = 0.010)" in texts and "critical distance 2.20" in texts
        assert {"b  1.0", "c  2.0", "4.0  d", "4.5  a"} <= set(texts)


def test_no_figure_where_nothing_is_evaluable(results):
    study = results(names=("published",))
    assert figures_comparison.critical_difference(study.table("ranks"), "published") is None
    table = study.table("comparison").assign(ci_low=np.nan)
    assert figures_comparison.differences(table, study.protocols) is None


def test_significant_differences_have_filled_markers(results):
    study = results()
    figure = figures_comparison.differences(study.table("comparison"), study.protocols)
    assert [axes.get_title("left") for axes in figure.axes] == [f"minus\n{short(name)}" for name in BASELINES]
    # Names beside each other stay apart, and within the figure.
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes)) and boxes[-1].x1 < figure.bbox.x1
    axes = figure.axes[0]
    faces = {
        round(line.get_xdata()[0], 3): to_hex(line.get_markerfacecolor())
        for line in axes.lines
        if line.get_marker() != "None"
    }
    # simple, published: 0.976 against 0.4524; alexnet: 0.452.
    assert faces[0.524] != "#ffffff" and faces[0.0] == "#ffffff"
    assert len(axes.patches) == len(SIX) * 3


def blocks(study, kind):
    (only,) = section.comparison(study)
    return [block for block in only.blocks if block.kind == kind]


def test_the_section_shows_every_pair_and_the_detectable_difference(results):
    study = results()
    (paragraph,) = blocks(study, "paragraph")
    assert (
        "With 50 patients, one comparison on its own has 80% power for a true difference in accuracy of 0.20 (by "
        "simulation)." in paragraph.text
    )
    # The made-up accuracies of by_patient run from 0.20 to 0.35 in steps of 0.03.
    assert "After correction, 3 of 15 pairs of architectures differed significantly: " in paragraph.text
    assert "VGG16 was better than AlexNet by 0.15" in paragraph.text
    tables = {table.anchor: table for table in blocks(study, "table")}
    assert list(tables) == [*(f"table-baselines-{task}" for task in ("class8", "severity", "density")), "table-pairs"]
    assert all({len(row) for row in table.rows} == {len(table.columns)} for table in tables.values())
    assert len(tables["table-baselines-class8"].rows) == 18 and len(tables["table-pairs"].rows) == 45
    verdict_of_all = tables["table-baselines-class8"].rows[4][-1].text
    assert verdict_of_all == f"better than {LISTED}"
    assert {row[-1].text for row in tables["table-baselines-severity"].rows} == {"not evaluable"}
    pictures = [picture.name for figures in blocks(study, "figures") for picture in figures.pictures]
    assert pictures == ["differences", "ranks_by_source", "ranks_by_patient"]


def test_the_section_of_one_architecture_under_published(results):
    study = results(architectures=("simple",), names=("published",))
    (paragraph,) = blocks(study, "paragraph")
    assert paragraph.text.startswith(
        "Under the published split, Simple CNN was significantly better than all baselines (accuracy, "
    )
    assert "pair of architectures" not in paragraph.text
    assert [block.anchor for block in blocks(study, "figures")] == ["figure-differences"]


BETTER = "significantly better than"
HOW = "(accuracy, paired bootstrap over patients, Holm's correction)."
NAMED = f"{HOW} Baselines: {LISTED}."
EVERY = list(BASELINES)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"a": [], "b": []}, f"none of the 2 architectures was {BETTER} any baseline {NAMED}"),
        (
            {"a": ["stratified"], "b": []},
            f"none of the 2 architectures was {BETTER} all baselines {HOW} Significantly better than "
            f"majority class: none; "
            f"than random guesses: a; than {THUMBNAILS}: none; than {FEATURES}: none.",
        ),
        (
            {"a": EVERY, "b": ["stratified"], "c": []},
            f"1 of 3 architectures (a) was {BETTER} all baselines {HOW} Significantly better than "
            f"majority class: a; than "
            f"random guesses: a and b; than {THUMBNAILS}: a; than {FEATURES}: a.",
        ),
        (
            {"a": EVERY, "b": EVERY, "c": []},
            f"2 of 3 architectures (a and b) were {BETTER} all baselines {HOW} Significantly better "
            f"than majority class: a "
            f"and b; than random guesses: a and b; than {THUMBNAILS}: a and b; than {FEATURES}: a and b.",
        ),
        ({"a": EVERY, "b": EVERY}, f"all 2 architectures were {BETTER} all baselines {NAMED}"),
        ({"a": EVERY}, f"a was {BETTER} all baselines {NAMED}"),
        ({"a": []}, f"a was not {BETTER} any baseline {NAMED}"),
        (
            {"a": ["majority"]},
            f"a was not {BETTER} all baselines {HOW} Significantly better than majority class: a; than "
            f"random guesses: none; "
            f"than {THUMBNAILS}: none; than {FEATURES}: none.",
        ),
    ],
)
def test_the_sentence_is_correct_for_every_count(found, words):
    rows = [
        {"a": a, "b": b, "verdict": A_BETTER if b in beaten else NO_DIFFERENCE}
        for (a, beaten), b in itertools.product(found.items(), BASELINES)
    ]
    about = {"protocol": "by_patient", "family": "baseline", "test": "paired_bootstrap", "task": "class8"}
    table = pd.DataFrame(rows).assign(**about, unit="patients")
    assert section.baseline_sentence(table, "by_patient") == f"Under the split by patient, {words}"


def test_a_sentence_where_nothing_is_evaluable(results):
    table = results().table("comparison").assign(verdict="not evaluable: one patient")
    said = section.baseline_sentence(table, "by_patient")
    assert (
        said
        == "Under the split by patient, it is not evaluable whether any architecture was better than the baselines."
    )


def test_pairs_that_differ_and_those_that_are_equivalent_are_counted():
    differ = section.WORDS.text("pairs", n=3, differences=[("a", "b", 0.1), ("c", "b", 0.25)], equivalent=2)
    assert differ == (
        "After correction, 2 of 3 pairs of architectures differed significantly: a was better than b by 0.10; c was "
        "better than b by 0.25. The Bayesian test found 2 practically equivalent pairs."
    )
    none = section.WORDS.text("pairs", n=1, differences=[], equivalent=0)
    assert none == (
        "After correction, 0 of 1 pair of architectures differed significantly. The Bayesian test found no practically "
        "equivalent pair."
    )
    assert "Bayesian" not in section.WORDS.text("pairs", n=1, differences=[], equivalent=None)


def test_power_that_depends_on_the_pair_is_said_so():
    told = section.WORDS.text("detectable", size="0.1 to 0.2", varies=True, n=9, unit="patients")
    assert "a true difference in accuracy of 0.1 to 0.2, depending on the pair (by simulation)." in told


def test_captions_and_verdicts_follow_the_comparisons():
    plain = {"task": "severity", "metric": "AUC", "detectable": False, "notes": []}
    assert section.WORDS.text("baselines_caption", **plain).endswith("Holm's correction.")
    noted = section.WORDS.text("baselines_caption", **plain | {"detectable": True, "notes": ["not evaluable: ABC"]})
    assert noted.endswith("tested alone, has 80% power. Not evaluable: ABC.")
    verdicts = [section.WORDS.text("verdict", better=better, worse=worse) for better, worse in (("ab", "c"), ("", "c"))]
    assert verdicts == ["better than a and b; worse than c", "worse than c"]
