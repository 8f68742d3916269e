"""Each sentence of the article's sections follows from facts by stated conditions."""

import pandas as pd
import pytest
from article_facts import found, headline, loss, scored

from benchmarks.study.study import load_study
from reports.article import facts
from reports.wording import split
from reports.words import Words

ARTICLE, METHODS = Words("article"), Words("article_methods")


def test_losses_are_stated_with_their_intervals():
    one, both = loss(("a", 0.4, 0.1, 0.7)), loss(("a", 0.4, 0.1, 0.7), ("b", -0.1, -0.3, 0.1))
    said = "published split minus that under the split by patient was 0.40 (a, 95% CI 0.10 to 0.70)."
    assert said in ARTICLE.text("remaining", f=found(inflation=one))
    text = ARTICLE.text("remaining", f=found(inflation=both))
    minus = "\N{MINUS SIGN}"
    assert f"between {minus}0.10 (b, 95% CI {minus}0.30 to 0.10) and 0.40 (a, 95% CI 0.10 to 0.70)" in text
    assert "the CI lay above zero for 1 of 2 architectures" in text
    assert "Under the split by patient, b predicted one class for all test images of at least one fold." in text
    assert "The accuracy of the majority-class baseline differed by 0.00." in text
    features = headline(imagenet_logistic=0.5).iloc[0].to_dict()
    said = "The baseline logistic regression on ImageNet features had an AUC of 0.70 (95% CI 0.60 to 0.80)"
    assert f"{said} and showed skill." in ARTICLE.text("remaining", f=found(features=features))
    assert f"{said}." in ARTICLE.text("remaining", f=found(features=features | {"skill": "no"}))
    others = [scored(headline("by_source", a=0.4))]
    text = ARTICLE.text("remaining", f=found(others=others))
    assert "Under the split by source image, a reached an accuracy of 0.40" in text
    external = scored(headline("external", a=0.4))
    assert "Tested on other data sets, a reached" in ARTICLE.text("remaining", f=found(external=external))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "With no patient shared, no architecture was significantly better than the majority-class baseline."),
        ({"inflation": loss(("a", 0.6, 0.4, 0.8))}, "no architecture was significantly better"),
        (
            {"inflation": loss(("a", 0.6, 0.4, 0.8)), "honest": scored(headline(a=0.5))},
            "Most architectures lost accuracy when no patient was shared.",
        ),
        (
            {"honest": scored(headline(a=0.5, b=0.2))},
            "1 of 2 architectures was better than the",
        ),
        ({"honest": scored(headline(a=0.5, b=0.6))}, "2 of 2 architectures were better"),
        ({"honest": None}, "Accuracy under the published split and the split by patient."),
        ({"honest": scored(headline(a=0.5).assign(verdict="not evaluable: x"))}, "Accuracy under the published split"),
    ],
)
def test_the_figure_states_its_message(changes, words):
    assert words in ARTICLE.text("headline_title", f=found(**changes))


@pytest.mark.parametrize(
    ("leaks", "words"),
    [
        ([("published", 3, 9), ("by_patient", 0, 9)], "were in the training part under the published split only."),
        ([("published", 3, 9)], "Every protocol had copies"),
        ([("by_patient", 0, 9)], "No protocol had copies"),
    ],
)
def test_the_table_of_leaks_states_its_message(leaks, words):
    assert words in ARTICLE.text("leakage_title", leaks=leaks)


def control(verdict: str, protocol: str = "published", excess: float = 0.3) -> list[dict]:
    row = {"architecture": "a", "protocol": protocol, "excess": excess}
    row |= {"excess_low": excess - 0.2, "excess_high": excess + 0.2}
    return facts.controls(pd.DataFrame([row | {"verdict": verdict}]))


def test_controls_say_what_they_found():
    def told(controls: list[dict]) -> str:
        return ARTICLE.text("controls_found", f=found(controls=controls))

    leak = told(control("above chance: leakage"))
    assert (
        "1 of 1 model (networks and baselines) scored above chance with permuted labels (largest excess 0.30, a, "
        "95% CI 0.10 to 0.50)"
    ) in leak
    assert "points to a leak" not in leak
    assert "points to a leak" in told(control("above chance: look for a leak", "by_patient"))
    assert told(control("at chance")) == "Under the published split, no model scored above chance with permuted labels."
    below = told(control("at chance", "by_patient", -0.3))
    assert "no model scored above chance with permuted labels; 1 of 1 scored below chance, because grouped" in below
    empty = control("at chance")[0] | {"n": 0}
    assert told([empty]) == "Under the published split, the permuted-label control was not evaluable."
    assert told([]) == ""


def verdicts(*rows: tuple[str, str, str]) -> dict | None:
    table = pd.DataFrame(rows, columns=["architecture", "family", "verdict"])
    return facts.bias(table.assign(protocol="by_patient", verdict_uncorrected=table["verdict"]), "by_patient")


def test_bias_is_told_by_family():
    flagged = verdicts(("a", "leans", "flagged"), ("a", "leans", "clear"), ("b", "unequal", "clear"))
    text = ARTICLE.text("bias", f=found(bias=flagged), correction="Corrected.")
    assert text == (
        "Under the split by patient, 3 checks of 2 architectures could be evaluated, and 1 were flagged. Flags were "
        "given for "
        "predictions that relied on image regions without diagnostic information (1 of 2). Corrected."
    )
    assert "Checks flagged 1 of 2 architectures with skill." in ARTICLE.text("bias_title", f=found(bias=flagged))
    clear, none = verdicts(("a", "leans", "clear")), verdicts(("a", "leans", "not evaluable"))
    assert ARTICLE.text("bias_title", f=found(bias=clear)) == "No check flagged an architecture with skill."
    assert "Flags were given" not in ARTICLE.text("bias", f=found(bias=clear), correction="")
    assert "no bias check was evaluable" in ARTICLE.text("bias", f=found(bias=none), correction="")
    assert ARTICLE.text("bias", f=found(bias=None), correction="") == "No bias check was made." and verdicts() is None


def test_claims_are_counted():
    def judged(*said: str) -> dict | None:
        return facts.claims(pd.DataFrame({"kind": "claim", "verdict": said}))

    some = judged("not evaluable", "contradicted by the study's own code", "reproduced only with leakage")
    assert ARTICLE.text("claims_title", f=found(claims=some)) == (
        "2 of 3 claims were contradicted, not reproduced, or reproduced only with leakage."
    )
    assert ARTICLE.text("claims_title", f=found(claims=judged("not reproduced"))) == (
        "1 of 1 claim was contradicted, not reproduced, or reproduced only with leakage."
    )
    assert ARTICLE.text("claims_title", f=found(claims=judged("not evaluable"))) == "No claim was refuted."
    assert "1 was not evaluable" in ARTICLE.text("claims", f=found(claims=some))
    assert facts.claims(pd.DataFrame({"kind": ["figure"], "verdict": ["x"]})) is None


@pytest.mark.parametrize(
    ("detected", "n", "words"),
    [
        ([], 2, "No network detected a planted lesion."),
        (["a"], 1, "a detected a planted lesion."),
        (["a"], 2, "1 of 2 networks detected a planted lesion."),
    ],
)
def test_the_positive_control_states_its_message(detected, n, words):
    assert ARTICLE.text("positive_title", detected=detected, n=n) == words


@pytest.mark.parametrize(
    ("more", "n", "words"),
    [
        ([], 0, "Saliency in the breast"),
        ([], 2, "No architecture was shown"),
        (["a"], 2, "1 of 2 architectures had more"),
    ],
)
def test_the_figure_on_saliency_states_its_message(more, n, words):
    assert ARTICLE.text("saliency_title", protocol="by_patient", more=more, n=n).startswith(words)


def test_the_introduction_names_what_is_re_evaluated():
    alone = ARTICLE.texts("introduction", f=found(), printed=None)
    assert "This article evaluates 2 architectures on Films." in alone[1] and "share no patient?" in alone[1]
    published = {"title": "A study", "citation": "alves"}
    told = ARTICLE.texts("introduction", f=found(publication=published), printed=("0.98", "test part"))
    assert (
        "re-evaluates the study A study [@alves] (below: the original study). It reported an accuracy of 0.98"
        in told[1]
    )
    assert (
        "What accuracy do the architectures reach?" in ARTICLE.texts("introduction", f=found(leaky=[]), printed=None)[1]
    )


def test_limits_follow_the_study():
    def limits(**changes) -> str:
        return ARTICLE.text("limits", f=found(**changes), elsewhere="Elsewhere.")

    assert "All results come from 50 patients" in limits()
    unknown = found()["data"] | {"n_patients": None, "crop": "box", "generated": True}
    text = limits(data=unknown, detectable=("0.2", 40, "sources"), inflation=loss(("a", 0.4, 0.1, 0.7)))
    for words in (
        "Patients are not known",
        "cropped around annotated lesions",
        "Phantoms are not mammograms.",
        "With 40 sources, one uncorrected comparison has 80% power for a difference in accuracy of 0.2.",
        "not the effect of the division alone",
    ):
        assert words in text


def test_the_best_probe_that_does_not_look_at_the_breast_is_named():
    rows = [
        ("border", "published", 0.4, "shortcut"),
        ("copy_order", "published", 0.9, "shortcut"),
        ("copy_order", "by_patient", 0.2, "no better than chance"),
    ]
    table = pd.DataFrame(rows, columns=["probe", "protocol", "estimate", "verdict"])
    table = table.assign(task="class8", metric="accuracy")
    best = facts.shortcut(table, ["published", "by_patient"])
    said = "(copy order) predicted the class with an accuracy of 0.90 under the published split and 0.20 under the"
    assert said in ARTICLE.text("leakage", f=found(shortcut=best))
    assert facts.shortcut(table, ["by_patient"]) is None
    assert "Image properties" not in ARTICLE.text("leakage", f=found())


def test_a_reduced_form_of_a_study_states_what_is_reduced():
    night = facts.smaller(load_study("paper_night"))
    told = METHODS.text("training", f=found(smaller=night), recipes=[])
    for words in (
        "This study is a reduced form of the study paper.",
        "repeats of each protocol 1 (3), precision float32 (published), ",
        "trials of a search 4 (none), ",
        "image side in pixels of VGG16 96 (224), ",
        "image side in pixels of mammoflow_2025/vgg16 96 (224).",
    ):
        assert words in told
    assert "reduced form of the study paper" in ARTICLE.text("limits", f=found(smaller=night), elsewhere="")
    equal = {"of": "paper", "differences": []}
    assert "Settings that differ" not in METHODS.text("training", f=found(smaller=equal), recipes=[])
    assert facts.smaller(load_study("paper")) is None


def test_a_study_smaller_than_the_publication_says_so():
    small = found(reduced={"epochs": 50, "size": 224})
    assert "The original study trained for 50 epochs on images of 224 pixels" in METHODS.text(
        "training", f=small, recipes=[]
    )
    assert "were reduced against the original study" in ARTICLE.text("limits", f=small, elsewhere="")
    assert "reduced" not in METHODS.text("training", f=found(), recipes=[]) + ARTICLE.text(
        "limits", f=found(), elsewhere=""
    )
    assert "Hyperparameters were searched with KerasTuner" in METHODS.text("training", f=found(), recipes=[])
    assert "searched" not in METHODS.text("training", f=found(searched=[]), recipes=[])


def test_the_first_caption_says_what_markers_mean():
    apart = [("by_source", "source image"), ("by_patient", "patient")]
    assert ARTICLE.text("headline_caption", leaky=["published"], apart=apart) == (
        "Accuracy on test images with 95% CIs. Open markers: the published split. Filled markers: training and "
        "test images "
        "share no source image (by_source) or no patient (by_patient). Black ticks: majority-class baseline, "
        "which always "
        "predicts the most frequent class."
    )
    honest = ARTICLE.text("headline_caption", leaky=[], apart=apart[1:])
    assert "Open" not in honest and "All markers: training and test images share no patient (by_patient)." in honest
    assert "illed markers" not in ARTICLE.text("headline_caption", leaky=["published"], apart=[])


def test_sentences_name_protocols_in_words():
    assert [split(name) for name in ("published", "by_patient", "mine")] == [
        *("the published split", "the split by patient", "mine"),
    ]
