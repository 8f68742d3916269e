"""Sentences of the checklists on evidence: each is chosen by the facts of a run."""

import pytest

from reports.words import Words

COPIES = [("published", "2 of 9 test images have a copy in the training part")]
UNDER = "Under the published split, 2 of 9 test images have a copy in the training part."
LEAK = "Data leakage was found under a."
ROW = {"n_samples": 1200, "n_units": 50, "unit": "patients", "protocol": "by_patient"}
LOW, HIGH = (
    {"estimate": value, "architecture": name, "ci_low": value - 0.1, "ci_high": value + 0.1}
    for name, value in (("a", 0.4), ("b", 0.8))
)


@pytest.mark.parametrize(
    ("macro", "facts", "words"),
    [
        (
            "partitions",
            {"published": True, "as_shipped": False, "honest": [], "folds": 5, "tested": [(42, "published")]},
            "The published split: files were assigned at random. The training part has 80% of the augmented files, the "
            "validation part the other 20%, and the test part a fifth of the un-augmented files. Test "
            "images: 42 (published).",
        ),
        (
            "partitions",
            {
                "published": False,
                "as_shipped": True,
                "honest": ["x"],
                "folds": 5,
                "tested": [(1, "a"), (2, "b"), (3, "c")],
            },
            "The split as shipped: the parts are those that the data set ships; they were not checked for shared "
            "patients. X: 5 "
            "folds, stratified by class. The validation part is drawn from the images that a fold does not test. Test "
            "images: 1 (a), 2 (b) and 3 (c).",
        ),
        (
            "in_training",
            {
                "protocol": "a",
                "n": 9,
                "known": [(1, "their patient"), (2, "a copy")],
                "unknown": ["their source image"],
            },
            "Under a, of 9 test images, 1 have their patient and 2 have a copy in the training part; unknown: their "
            "source image.",
        ),
        (
            "in_training",
            {"protocol": "a", "n": 9, "known": [(2, "a copy")], "unknown": []},
            "Under a, of 9 test images, 2 have a copy in the training part.",
        ),
        (
            "leak",
            {"broken": ["a", "b"]},
            "Data leakage was found under a and b: parts share images that the protocol keeps apart.",
        ),
        ("leak", {"broken": []}, ""),
        (
            "separation",
            {"honest": [("patient", ["by_patient", "official"]), ("group", ["mine"])], "copies": COPIES, "leak": LEAK},
            "Images are preprocessed one by one; nothing is fitted before the split. Hyperparameters and epochs were "
            "chosen on validation parts. By design, no two parts share a patient (by_patient and official), a group "
            f"(mine). {UNDER} {LEAK}",
        ),
        (
            "separation",
            {"honest": [], "copies": [], "leak": ""},
            "Images are preprocessed one by one; nothing is fitted before the split.",
        ),
        (
            "duplicates",
            {"copies": COPIES, "kept": [], "leak": LEAK},
            f"All parts were searched for copies, from pixels alone. {UNDER} {LEAK}",
        ),
        (
            "duplicates",
            {"copies": [], "kept": ["a"], "leak": ""},
            "All parts were searched for copies, from pixels alone. The copies were not removed: a splits images "
            "regardless of copies.",
        ),
        (
            "inputs",
            {"found": [("published", ["border", "corners"], 9), ("by_patient", [], 8)]},
            "Networks receive pixels only. Simple features that predicted a class above chance: 2 of 9 under the "
            "published split "
            "(border, corners) and 0 of 8 in new patients.",
        ),
        (
            "inputs",
            {"found": []},
            "Networks receive pixels only. Whether simple features predict a class is not evaluable.",
        ),
        (
            "test_size",
            {"honest": ["a"], "protocol": "a", "detectable": ("0.14 to 0.25", 50, "patients")},
            "Every source image was tested. No sample size was planned. By simulation, the study has 80% power with 50 "
            "patients for a true difference in accuracy of 0.14 to 0.25 (a).",
        ),
        (
            "test_size",
            {"honest": [], "protocol": "published", "detectable": None},
            "A fifth of the un-augmented files was tested. No sample size was planned. The detectable difference is "
            "not evaluable.",
        ),
        (
            "test_size",
            {"honest": [], "protocol": "as_shipped", "detectable": None},
            "The test part of the data set was tested. No sample size was planned. The detectable difference is not "
            "evaluable.",
        ),
        (
            "metrics",
            {"names": ["accuracy", "area, pooled"], "searched": ["a"]},
            "Accuracy; area, pooled. Networks were selected by validation loss.",
        ),
        ("metrics", {"names": ["accuracy"], "searched": []}, "Accuracy. No network was selected by a metric."),
        (
            "robustness",
            {"verdicts": 1200, "permuted": 3, "positive": 3, "curve": 3, "repeats": 3},
            "1,200 bias verdicts on changed films, saliency and groups. A control with permuted labels was run. A "
            "positive control with planted lesions was run. A learning curve over patients was computed. Folds were "
            "drawn 3 times, with different random seeds.",
        ),
        (
            "robustness",
            {"verdicts": 9, "permuted": 0, "positive": 0, "curve": 0, "repeats": 1},
            "9 bias verdicts on changed films, saliency and groups. Every cell was trained with one random seed.",
        ),
        (
            "internal",
            {"tested": [ROW, ROW | {"protocol": "by_source"}], "copies": COPIES},
            "Out-of-fold predictions: 1,200 images of 50 patients (by_patient) and 1,200 images of 50 patients "
            "(by_source).",
        ),
        (
            "internal",
            {"tested": [], "copies": COPIES},
            f"The study has no honest protocol. {UNDER} No score of this study describes the performance on new "
            "patients.",
        ),
        (
            "external",
            {"told": "Under external, x was tested.", "row": ROW},
            "Under external, x was tested. The external test set has 1,200 images of 50 patients. Whether it differs "
            "from the training images as clinical practice does is for the authors to state.",
        ),
        (
            "diagnostic",
            {"protocol": "a", "metrics": [("AUC", [LOW, HIGH]), ("sensitivity", [LOW]), ("specificity", [])]},
            "Lowest to highest value under a (network, 95% CI): AUC 0.40 (a, 0.30 to 0.50) to 0.80 (b, 0.70 to 0.90); "
            "sensitivity 0.40 (a, 0.30 to 0.50); specificity not evaluable.",
        ),
        (
            "contexts",
            {"lacking": "films without a mass", "copied": ["published"]},
            "The study does not show the performance in other hospitals, on other devices or on films without a mass. "
            "Scores under the published split hold for copies of training images. Further contexts are for the "
            "authors to state.",
        ),
        (
            "contexts",
            {"lacking": None, "copied": []},
            "The study does not show the performance in other hospitals or on other devices. Further contexts are for "
            "the authors to state.",
        ),
    ],
)
def test_evidence(macro, facts, words):
    assert Words("checklists/evidence").text(macro, **facts) == words
