"""Printed figures of the publications, and small cases worked by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.errors import BadInput, run_cli
from benchmarks.publications.arithmetic.auc import QUESTION as AUC
from benchmarks.publications.arithmetic.check import ONE_MATRIX, check_figures
from benchmarks.publications.arithmetic.printed import read
from benchmarks.publications.arithmetic.unknown_supports import sizes
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, NOT_EVALUABLE, POSSIBLE
from benchmarks.publications.figures import main

ROOT = Path(__file__).resolve().parents[2]
EIGHT = [f"Density{density}{severity}" for density in range(1, 5) for severity in ("Benign", "Malignant")]
TWO = {"support": {"Benign": 637, "Malignant": 1283}}  # section 10
SECOND = {  # section 9: support, recall, precision
    "Density1Benign": (130, "0.4923", "0.7805"),
    "Density2Benign": (43, "0.8372", "0.9474"),
    "Density3Benign": (140, "0.5643", "0.7524"),
    "Density4Benign": (65, "0.6462", "0.7241"),
    "Density1Malignant": (324, "0.8519", "0.6952"),
    "Density2Malignant": (346, "0.8757", "0.7710"),
    "Density3Malignant": (86, "0.6744", "0.8788"),
    "Density4Malignant": (11, "0.5455", "1.0000"),
}
MAMMOFLOW = """111 20 5 7 2 0 0 0 / 4 284 0 10 7 6 2 0 / 0 8 30 0 0 2 0 0 / 2 23 0 294 8 1 4 0 /
0 4 0 6 127 0 0 0 / 0 2 0 0 1 81 0 0 / 2 4 0 2 4 0 72 0 / 0 0 0 0 0 0 0 10"""


def by_question(figures, question=ONE_MATRIX):
    return next(one for one in check_figures(figures) if one.question.startswith(question))


def reasons(figures) -> str:
    return "\n".join(one.reason for one in check_figures(figures) if one.verdict == IMPOSSIBLE)


def per_class(column: int) -> dict:
    return {name: row[column] for name, row in SECOND.items()}


@pytest.mark.parametrize(
    ("accuracy", "macro", "precision", "recall", "f1", "right"),
    [
        ("0.98", "0.99", "0.98", "0.98", "0.98", 41),
        ("0.95", "0.94", "0.96", "0.95", "0.95", 40),
        ("0.81", "0.79", "0.85", "0.81", "0.81", 34),
        ("0.45", "0.08", "0.20", "0.45", "0.28", 19),
    ],
)
def test_the_eight_class_study_has_possible_figures(accuracy, macro, precision, recall, f1, right):
    supports = dict(zip(EIGHT, (2, 11, 1, 19, 3, 1, 4, 1), strict=True))
    figures = {"n": 42, "support": supports, "accuracy": accuracy, "macro_f1": macro}
    figures |= {"weighted_precision": precision, "weighted_recall": recall, "weighted_f1": f1}
    found = check_figures(figures)
    assert {one.verdict for one in found} == {POSSIBLE}
    matrix = by_question(figures).matrix
    assert sum(matrix[i][i] for i in range(8)) == right
    assert [sum(row) for row in matrix] == list(supports.values())


@pytest.mark.parametrize("accuracy", ["0.9332", "0.9581", "0.7372", "0.3028"])
def test_the_validation_accuracies_of_the_eight_class_study_are_fractions_of_its_files(accuracy):
    assert by_question({"n": 1526, "accuracy": accuracy}, "Is accuracy").verdict == POSSIBLE


def test_the_least_accuracy_of_the_competition_entry_is_no_fraction_of_its_validation_files():
    found = by_question({"n": 573, "accuracy": "0.9926"}, "Is accuracy")
    assert found.verdict == IMPOSSIBLE
    assert "568/573 = 0.9912740 and 569/573 = 0.9930192" in found.reason
    # 17 whole batches of 32 are 544 files
    assert "540/544" in by_question({"n": 544, "accuracy": "0.9926"}, "Is accuracy").reason
    assert by_question({"n": 573, "accuracy": "1.0000"}, "Is accuracy").verdict == POSSIBLE


def test_the_ensemble_needs_more_test_images_than_inbreast_has():
    figures = {"accuracy": "0.9976", "recall": "0.9959", "precision": "0.9983", "f1": "0.9971", "auc": "1.0"}
    # Recall 0.9959 and precision 0.9983 need misses and false alarms as 5 to 2, or as 7 to 3.
    assert "7 errors: 2,858 to 2,978; 10 errors: 4,082 to 4,255" in by_question(figures, "Which test sizes").reason
    assert by_question(figures | {"n_max": 410}, "Which test sizes").verdict == IMPOSSIBLE
    assert "so the AUC is below 1 before rounding" in by_question(figures, AUC).reason


def test_the_printed_matrix_of_mammoflow_has_its_printed_figures():
    figures = {"matrix": MAMMOFLOW, "accuracy": "0.8812", "macro_precision": "0.901"}
    figures |= {"macro_recall": "0.882", "macro_f1": "0.889", "n": 1145}
    found = by_question(figures, "Does the printed matrix")
    assert found.verdict == POSSIBLE
    assert "1,009 of 1,145 answers are right" in found.reason
    wrong = by_question(figures | {"accuracy": "0.8912", "support.1": 146}, "Does the printed matrix")
    assert wrong.verdict == IMPOSSIBLE
    assert "1 has 145 images, not 146" in wrong.reason and "accuracy is 0.8812, not 0.8912" in wrong.reason


def test_the_figures_per_class_of_the_second_entry_fit_one_another():
    figures = {"support": per_class(0), "recall": per_class(1), "precision": per_class(2)}
    found = by_question(figures)
    assert found.verdict == POSSIBLE
    assert "864 of 1,145" in found.reason
    assert by_question(figures | {"accuracy": "0.7546"}).verdict == POSSIBLE
    other = by_question(figures | {"accuracy": "0.7555"})
    assert other.verdict == IMPOSSIBLE
    assert "864 of 1,145 answers are right" in other.reason


def test_thousands_of_images_of_eight_classes():
    """All 7,632 files of the data set: with an accuracy of 0.9300, macro recall is 0.6997 at least.

    The 534 wrong answers are at worst all images of the classes of 72 and 288, and 174 of the class of 432.
    """
    supports = dict(zip(EIGHT, (864, 2160, 288, 2304, 936, 576, 432, 72), strict=True))
    figures = {"support": supports, "accuracy": "0.9300"}
    assert by_question(figures | {"macro_recall": "0.6990"}).verdict == IMPOSSIBLE
    assert by_question(figures | {"macro_recall": "0.6997"}).verdict == POSSIBLE
    averages = {"macro_recall": "0.91", "macro_precision": "0.92", "macro_f1": "0.915"}
    found = by_question(figures | averages)
    assert (found.verdict, sum(map(sum, found.matrix))) == (POSSIBLE, 7632)


def test_the_two_class_figures_of_the_second_entry_are_impossible():
    figures = {"support": {"Benign": 378, "Malignant": 767}}
    figures |= {"accuracy.Benign": "0.8227", "precision.Benign": "0.8277", "recall.Benign": "0.5847"}
    recalls = {"precision.Malignant": "0.8202", "recall.Malignant": "0.8383"}
    told = reasons(figures | recalls | {"accuracy.Malignant": "0.7686"})
    assert "accuracy.Benign 0.8227 and accuracy.Malignant 0.7686" in told
    # 221 + 643 right answers are 0.7546, not 0.8227.
    assert "0.7545 to 0.7546" in told
    # Without accuracies: 267 and 784 answers are not 1,145.
    del figures["accuracy.Benign"]
    assert by_question(figures | recalls).verdict == IMPOSSIBLE


@pytest.mark.parametrize(
    ("accuracy", "precision", "recall"),
    [
        ("0.80", ("0.85", "0.79"), ("0.49", "0.96")),
        ("0.8474", ("0.73", "0.92"), ("0.86", "0.84")),
        ("0.8375", ("0.67", "1.00"), ("1.00", "0.76")),
    ],
)
def test_the_reports_of_the_two_class_study_are_possible(accuracy, precision, recall):
    figures = TWO | {"accuracy": accuracy}
    figures |= {"precision": dict(zip(TWO["support"], precision, strict=True))}
    figures |= {"recall": dict(zip(TWO["support"], recall, strict=True))}
    assert {one.verdict for one in check_figures(figures)} == {POSSIBLE}


def test_two_accuracies_of_one_model_do_not_agree():
    figures = TWO | {"accuracy": ["0.8885", "0.80"]}
    assert "accuracy 0.8885 and accuracy 0.80 are all the accuracy" in reasons(figures)
    assert not reasons(TWO | {"accuracy": ["0.8885", "0.89"]})
    report = TWO | {"accuracy": "0.8885", "recall": {"Benign": "0.49", "Malignant": "0.96"}}
    assert "0.7991 to 0.8091; printed is accuracy 0.8885" in reasons(report)


def test_the_test_sizes_of_an_accuracy_without_n():
    stated = read({"accuracy": "99.96%"})
    assert sizes(stated, stated.figures) == {1: [(2223, 2857)], 2: [(4445, 5714)], 3: [(6667, 8571)]}
    assert by_question({"accuracy": "0.9996", "n": 7632}, "Is accuracy").reason == "It stands for 7,629/7,632."
    assert "0 errors: 1 and more" in by_question({"accuracy": "100%"}, "Which test sizes").reason


def test_f1_lies_between_precision_and_recall():
    told = reasons({"precision": "0.90", "recall": "0.80", "f1": "0.86"})
    assert "F1 is 0.8420 to 0.8521; printed is 0.86" in told  # 2 x 0.895 x 0.795 / 1.69 to 2 x 0.905 x 0.805 / 1.71
    assert not reasons({"precision": "0.90", "recall": "0.80", "f1": "0.85"})
    # A macro F1 may lie below both averages: F1 of 2/3, 2/3 and 0 for the matrix beneath.
    figures = {"matrix": "2 0 0/2 0 0/0 0 1", "macro_precision": "0.50", "macro_recall": "0.67", "macro_f1": "0.56"}
    assert not reasons(figures)
    averages = {"classes": 3, "macro_precision": "0.80", "macro_recall": "0.60", "macro_f1": "0.72"}
    assert "F1 is 0.3900 to 0.7050" in reasons(averages)


def test_an_area_of_one_beside_errors_means_errors_of_one_kind():
    supports = {"support.positive": 50, "support.negative": 50, "auc": "1.000"}
    one_kind = by_question(supports | {"recall": "0.90", "specificity": "1.00"}, AUC)
    assert one_kind.verdict == POSSIBLE
    assert "all errors at the printed one are positive answered negative" in one_kind.reason
    # 5 misses and 5 false alarms: 25 of 2,500 pairs are ranked wrong, so the AUC is 0.99 at most.
    both = by_question(supports | {"recall": "0.90", "specificity": "0.90"}, AUC)
    assert both.verdict == IMPOSSIBLE
    assert "an AUC of 0.8100 to 0.9900; printed is 1.000" in both.reason
    assert by_question(supports | {"recall": "0.90", "specificity": "0.90", "auc": "0.99"}, AUC).verdict == POSSIBLE
    assert by_question({"classes": 8, "n": 42, "accuracy": "0.98", "auc": "1.0"}, AUC).verdict == NOT_EVALUABLE


def test_the_area_counts_half_pairs():
    figures = {"support.positive": 2, "support.negative": 3, "recall": "0.50", "specificity": "0.67"}
    for auc, verdict in (("0.50", POSSIBLE), ("0.42", POSSIBLE), ("0.45", IMPOSSIBLE)):  # twelfths
        assert by_question(figures | {"auc": auc}, AUC).verdict == verdict


def test_specificity_follows_from_the_rest():
    """45 of 50 positives are found; 0.90 of 100 answers are right, so 45 of 50 negatives are."""
    figures = {"support.positive": 50, "support.negative": 50, "recall": "0.90", "accuracy": "0.90"}
    assert "specificity 0.9000" in by_question(figures).reason
    assert "With recall 0.90 and specificity 0.94, accuracy is 0.9200; printed is 0.90" in reasons(
        figures | {"specificity": "0.94"}
    )


def test_sensitivity_and_specificity_mean_two_classes():
    figures = {"n": 100, "sensitivity": "0.90", "specificity": "0.80", "balanced_accuracy": "0.85"}
    assert by_question(figures).verdict == POSSIBLE
    # Without supports: no class counts of 100 images give 0.9 and 0.8 a mean of 0.88.
    assert "and balanced_accuracy 0.88 together" in reasons(figures | {"balanced_accuracy": "0.88"})


def test_a_missing_support_is_the_rest_of_n():
    figures = {"n": 100, "support.positive": 50, "recall": "0.90", "specificity": "0.90"}
    assert by_question(figures).matrix == ((45, 5), (5, 45))
    assert "The supports sum to 90; n is 100." in reasons({"n": 100, "support.a": 40, "support.b": 50})
    assert "The supports sum to 90; n is 80." in reasons({"n": 80, "support.positive": 90, "accuracy": "0.5"})


@pytest.mark.parametrize(
    ("figures", "missing"),
    [
        ({"n": 42, "accuracy": "0.98", "macro_f1": "0.99"}, "the number of classes"),
        ({"n": 42, "classes": 8, "accuracy": "0.98", "macro_f1": "0.99"}, "class supports"),
        ({"n": 42, "classes": 8, "f1": "0.99"}, "which average"),
        ({"n": 42, "accuracy": "0.98", "auc": "0.99"}, "specificity, or class supports"),
        ({"macro_f1": "0.98", "classes": 2}, "n and class supports"),
    ],
)
def test_what_cannot_be_evaluated_names_what_is_missing(figures, missing):
    assert any(one.verdict == NOT_EVALUABLE and missing in one.reason for one in check_figures(figures))


@pytest.mark.parametrize(
    ("figures", "named", "fix"),
    [
        ({"acuracy": "0.98"}, "acuracy", "did you mean accuracy"),
        ({"accuracy": "99.96"}, "accuracy=99.96", "write a percentage with its sign"),
        ({"accuracy": "high"}, "accuracy=high", "write it as printed"),
        ({"n": "1,145"}, "n=1,145", "without separators"),
        ({"n": "0"}, "n=0", "whole number"),
        ({"recall.Benign": "0.5"}, "classes", "name every class once"),
        ({"recall.Benign": "0.5", "classes": "benign,malignant"}, "Benign", "write the same names"),
        ({"classes": "Benign,Malignant", "recall": "0.5"}, "recall", "positive=NAME"),
        ({"positive": "Malignant", "recall": "0.5"}, "positive=Malignant", "write one of them"),
        ({"macro_recall.Benign": "0.5"}, "macro_recall.Benign", "write macro_recall=VALUE"),
        ({"n": ["42", "43"], "accuracy": "0.98"}, "n", "write it once"),
        ({"n": "20000000"}, "n=20000000", "leave it out"),
        ({"support.a": "0", "support.b": "0", "accuracy": "1.0"}, "support", "as printed"),
        ({"support": "5"}, "support", "support.NAME=COUNT"),
        ({"matrix": "1 2/3"}, "matrix", "rows (true class)"),
        ({"matrix": "1 2/3 4", "classes": 3}, "classes", "name every class once"),
    ],
)
def test_bad_input_names_key_and_fix(figures, named, fix):
    with pytest.raises(BadInput) as error:
        check_figures(figures)
    assert named in str(error.value) and fix in str(error.value)


def test_the_command_says_by_its_status_whether_a_figure_is_impossible():
    command = [sys.executable, "-m", "benchmarks.publications.figures", "n=573", "accuracy=0.9926", "accuracy=99.3%"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert "impossible     Is accuracy 0.9926 a fraction of 573 images?" in done.stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("n=42 accuracy=0.98 f1=0.99", 0, "  positive  37  0\n"),
        ("n=42 accuracy", 2, "write KEY=VALUE"),
        ("n=42 acuracy=0.98", 2, "did you mean accuracy?"),
        ("--help", 0, "support.NAME"),
    ],
)
def test_what_the_command_prints(words, status, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["figures", *words.split()])
    with pytest.raises(SystemExit) as end:
        run_cli(main)
    assert end.value.code == status
    assert said in "".join(capsys.readouterr())
