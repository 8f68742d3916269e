"""Each sentence of the first screen, the abstract and the article follows from facts by stated conditions."""

import pandas as pd
import pytest

from reports.article import facts
from reports.results import main_honest
from reports.words import Words

FINDING, ARTICLE = Words("finding"), Words("article")
NAN = float("nan")


def headline(protocol: str = "by_patient", **accuracies: float) -> pd.DataFrame:
    """Rows of headline.csv; a model above 0.4 beats the majority class (0.3) and has skill, one of 0.3 collapses."""
    rows = [
        {
            "architecture": name,
            "protocol": protocol,
            "accuracy": value,
            "ci_low": value - 0.1,
            "ci_high": value + 0.1,
            **{f"severity_auc{end}": value + 0.2 + add for end, add in (("", 0), ("_low", -0.1), ("_high", 0.1))},
            **dict.fromkeys(("density_accuracy", "density_accuracy_low", "density_accuracy_high"), NAN),
            "majority_accuracy": 0.3,
            "verdict": "beats majority" if value > 0.4 else "does not beat majority",
            "skill": "yes" if value > 0.4 else "no",
            "collapsed_cells": int(value == 0.3),
        }
        for name, value in accuracies.items()
    ]
    return pd.DataFrame(rows)


def scored(rows: pd.DataFrame, copied: int = 0, identical: int = 0, tested: int = 40) -> dict:
    leaks = {"copied": copied, "identical": identical, "n_tested": tested}
    return facts.scored(rows, rows["protocol"].iloc[0]) | leaks


def found(**changes) -> dict:
    """Facts of a study of two architectures under published and by_patient."""
    made = {
        "study": {
            "name": "mine",
            "architectures": ["a", "b"],
            "protocols": ["published", "by_patient"],
            "folds": 5,
            "repeats": 1,
            "resamples": 1000,
            "sizes": [64],
            "n_baselines": 4,
            "by_recipe": [],
        },
        "data": {
            "title": "Films",
            "name": "mendeley_inbreast",
            "generated": False,
            "n_patients": 50,
            "n_sources": 106,
            "n_images": 7738,
            "n_classes": 8,
            "crop": "none",
            "licence": "CC BY 4.0",
        },
        "leaky": [scored(headline("published", a=0.9, b=0.8), copied=40, identical=30)],
        "honest": scored(headline(a=0.2, b=0.3)),
        "apart": "patient",
        "external": None,
        "inflation": None,
        "controls": [],
        "bias": None,
        "claims": None,
        "detectable": None,
        "publication": None,
    }
    return made | changes


def answer(**changes) -> str:
    return FINDING.text("answer", f=found(**changes))


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        (
            {"a": 0.2, "b": 0.3},
            "the best of 2 architectures (b) reached an accuracy of 0.30 (95% CI 0.20 to 0.40); none was significantly "
            "better than the majority-class baseline.",
        ),
        ({"a": 0.5, "b": 0.3}, "; 1 of 2 architectures was significantly better"),
        ({"a": 0.5, "b": 0.6}, "; 2 of 2 architectures were significantly better"),
        ({"a": 0.2}, "a reached an accuracy of 0.20 (95% CI 0.10 to 0.30); it was not significantly better"),
        ({"a": NAN}, "accuracy was not evaluable; it was not"),
    ],
)
def test_the_answer_follows_the_best_honest_model(accuracies, words):
    assert words in answer(honest=scored(headline(**accuracies)))


def test_the_answer_sets_published_beside_honest():
    assert answer().startswith(
        "Under the published split, the best of 2 architectures (a) reached an accuracy of 0.90 (95% CI 0.80 to 1.00). "
        "When training and test images shared no patient, the best of 2 architectures (b) reached an accuracy of 0.30"
    )
    only = answer(honest=None, apart="", leaky=[scored(headline("as_shipped", a=0.9))])
    assert only == "Under the split as shipped, a reached an accuracy of 0.90 (95% CI 0.80 to 1.00)."
    assert main_honest(["as_shipped", "by_patient"]) == "by_patient" and main_honest(["as_shipped"]) is None


def test_the_answer_gives_severity_density_and_skill():
    assert answer(honest=scored(headline(a=0.2, b=0.5))).endswith(
        "The highest AUC for malignancy was 0.70 (b, 95% CI 0.60 to 0.80). 1 of 2 architectures had skill (b)."
    )
    both = headline(a=0.5, b=0.6).assign(density_accuracy=0.4, density_accuracy_low=0.3, density_accuracy_high=0.5)
    assert answer(honest=scored(both)).endswith(
        "The highest accuracy for density was 0.40 (b, 95% CI 0.30 to 0.50). All 2 architectures had skill."
    )
    assert answer(honest=scored(headline(a=0.2, b=0.3))).endswith("None of 2 architectures showed skill.")
    assert answer(honest=scored(headline(a=0.2))).endswith("The architecture did not show skill.")
    none = headline(a=0.2).assign(severity_auc=NAN, skill="not evaluable: one patient", verdict="not evaluable: x")
    assert answer(honest=scored(none)).endswith(
        "it is not evaluable whether any architecture was better than the majority-class baseline. It is not evaluable "
        "whether any architecture had skill."
    )


def test_a_missing_interval_is_said():
    alone = headline(a=0.5).assign(ci_low=NAN, ci_high=NAN)
    assert "a reached an accuracy of 0.50 (no interval)" in answer(honest=scored(alone))


@pytest.mark.parametrize(
    ("copied", "identical", "tested", "words"),
    [
        (40, 30, 42, "40 of 42 test images had a copy in the training part, and 30 were identical pixel by pixel"),
        (1, 1, 42, "1 of 42 test images had a copy in the training part, and 1 was identical pixel by pixel"),
        (0, 0, 42, "0 of 42 test images had a copy in the training part."),
        (0, 0, 0, "Copies of test images in the training part were not evaluable."),
    ],
)
def test_copies_are_counted(copied, identical, tested, words):
    assert words in FINDING.text("leak", one={"copied": copied, "identical": identical, "n_tested": tested})


def loss(*rows: tuple[str, float, float, float]) -> dict | None:
    names = ["architecture", "inflation", "ci_low", "ci_high"]
    return facts.inflation(pd.DataFrame(rows, columns=names).assign(honest_protocol="by_patient"), "by_patient")


def test_the_conclusion_follows_the_losses():
    def conclusion(**changes) -> str:
        made = found(**changes)
        inflated = made["inflation"] is not None and made["inflation"]["clear"] * 2 > made["inflation"]["n"]
        return FINDING.text("conclusion", f=made, inflated=inflated)

    lost, kept = ("a", 0.6, 0.4, 0.8), ("b", -0.1, -0.3, 0.1)
    assert "mainly due to copies" in conclusion(inflation=loss(lost))
    assert conclusion(inflation=loss(lost, kept)).startswith(
        "When training and test images shared no patient, a lost accuracy; for the other architectures, no loss was "
        "shown."
    )
    assert "No architecture was shown to lose accuracy" in conclusion(inflation=loss(kept))
    assert loss() is None
    assert "No architecture was shown to classify images of held-out patients" in conclusion(leaky=[])
    good = scored(headline(a=0.9))
    assert "Some architectures classified images of held-out patients better" in conclusion(leaky=[], honest=good)
    assert "do not describe the performance on new patients" in conclusion(honest=None)
    phantoms = found()["data"] | {"generated": True}
    assert "say nothing about mammograms" in conclusion(data=phantoms)
    assert "say nothing about mammograms" not in conclusion()


def test_losses_are_stated_with_their_intervals():
    one, both = loss(("a", 0.4, 0.1, 0.7)), loss(("a", 0.4, 0.1, 0.7), ("b", -0.1, -0.3, 0.1))
    assert "Published minus by_patient accuracy was 0.40 (a, 95% CI 0.10 to 0.70)." in ARTICLE.text(
        "remaining", f=found(inflation=one)
    )
    text = ARTICLE.text("remaining", f=found(inflation=both))
    minus = "\N{MINUS SIGN}"
    assert f"between {minus}0.10 (b, 95% CI {minus}0.30 to 0.10) and 0.40 (a, 95% CI 0.10 to 0.70)" in text
    assert "the CI lay above zero for 1 of 2 architectures" in text
    assert "Under by_patient, b predicted one class for all test images of at least one fold." in text
    external = scored(headline("external", a=0.4))
    assert "Tested on other data sets, a reached" in ARTICLE.text("remaining", f=found(external=external))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "With no patient shared, no architecture was better than the majority-class baseline."),
        ({"inflation": loss(("a", 0.6, 0.4, 0.8))}, "no architecture was better"),
        (
            {"inflation": loss(("a", 0.6, 0.4, 0.8)), "honest": scored(headline(a=0.5))},
            "Most architectures lost accuracy when no patient was shared.",
        ),
        (
            {"honest": scored(headline(a=0.5, b=0.2))},
            "1 of 2 architectures was better than the",
        ),
        ({"honest": scored(headline(a=0.5, b=0.6))}, "2 of 2 architectures were better"),
        ({"honest": None}, "Accuracy under published and by_patient."),
        ({"honest": scored(headline(a=0.5).assign(verdict="not evaluable: x"))}, "Accuracy under published"),
    ],
)
def test_the_figure_states_its_message(changes, words):
    assert words in ARTICLE.text("headline_title", f=found(**changes))


@pytest.mark.parametrize(
    ("leaks", "words"),
    [
        ([("published", 3, 9), ("by_patient", 0, 9)], "were in the training part under published only."),
        ([("published", 3, 9)], "Every protocol had copies"),
        ([("by_patient", 0, 9)], "No protocol had copies"),
    ],
)
def test_the_table_of_leaks_states_its_message(leaks, words):
    assert words in ARTICLE.text("leakage_title", leaks=leaks)


def control(verdict: str, protocol: str = "published") -> list[dict]:
    row = {"architecture": "a", "protocol": protocol, "excess": 0.3, "excess_low": 0.1, "excess_high": 0.5}
    return facts.controls(pd.DataFrame([row | {"verdict": verdict}]))


def test_controls_say_what_they_found():
    def told(controls: list[dict]) -> str:
        return ARTICLE.text("controls_found", f=found(controls=controls))

    leak = told(control("above chance: leakage"))
    assert "1 of 1 model scored above chance with permuted labels (largest excess 0.30, a, 95% CI 0.10 to 0.50)" in leak
    assert "points to a leak" not in leak
    assert "points to a leak" in told(control("above chance: look for a leak", "by_patient"))
    assert told(control("at chance")) == "Under published, no model scored above chance with permuted labels."
    empty = control("at chance")[0] | {"n": 0}
    assert told([empty]) == "Under published, the permuted-label control was not evaluable."
    assert told([]) == ""


def verdicts(*rows: tuple[str, str, str]) -> dict | None:
    table = pd.DataFrame(rows, columns=["architecture", "family", "verdict"])
    return facts.bias(table.assign(protocol="by_patient", verdict_uncorrected=table["verdict"]), "by_patient")


def test_bias_is_told_by_family():
    flagged = verdicts(("a", "leans", "flagged"), ("a", "leans", "clear"), ("b", "unequal", "clear"))
    text = ARTICLE.text("bias", f=found(bias=flagged), correction="Corrected.")
    assert text == (
        "Under by_patient, 3 checks of 2 architectures could be evaluated, and 1 were flagged. Flags were given for "
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
    assert ARTICLE.text("claims_title", f=found(claims=some)) == "2 of 3 claims do not hold."
    assert ARTICLE.text("claims_title", f=found(claims=judged("not reproduced"))) == "1 of 1 claim does not hold."
    assert ARTICLE.text("claims_title", f=found(claims=judged("not evaluable"))) == "No claim was refuted."
    assert "1 is not evaluable" in ARTICLE.text("claims", f=found(claims=some))
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


def test_how_sure_lists_what_the_numbers_rest_on():
    def sure(**changes) -> list[str]:
        tested = [(35, "patients", "published"), (1, "samples", "by_patient")]
        about = {"tested": tested, "positive": "Positive.", "elsewhere": "Elsewhere."}
        return FINDING.texts("sure", f=found(**changes), **about, only_units=changes == {})

    assert sure() == [
        "Independent units: 35 patients (published), 1 sample (by_patient). CIs: 95% bootstrap, 1,000 resamples.",
        "Positive.",
        "Each model was trained with one random seed; the CIs do not include training variability.",
        "Elsewhere.",
    ]
    more = sure(
        detectable=("0.14 to 0.25", 50, "patients"),
        inflation=loss(("a", 0.4, 0.1, 0.7)),
        study=found()["study"] | {"repeats": 3},
    )
    assert more[0].endswith("(by_patient), not files. CIs: 95% bootstrap, 1,000 resamples.")
    assert more[2] == "The 95% CI of published minus by_patient accuracy lay above zero for 1 of 1 architecture."
    assert more[3] == (
        "With 50 patients, the study has 80% power for differences in accuracy of 0.14 to 0.25; smaller differences "
        "cannot be excluded."
    )
    assert more[4] == "Training was repeated 3 times with other folds and random seeds."


def test_the_introduction_names_what_is_re_evaluated():
    alone = ARTICLE.texts("introduction", f=found(), printed=None)
    assert "This article evaluates 2 architectures on Films." in alone[1] and "share no patient?" in alone[1]
    published = {"title": "A study", "citation": "alves"}
    told = ARTICLE.texts("introduction", f=found(publication=published), printed=("0.98", "test part"))
    assert "re-evaluates A study [@alves], which reported an accuracy of 0.98 (test part)." in told[1]
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
        "smaller than 0.2 cannot be excluded with 40 sources",
        "not the effect of the split alone",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("n_leaks", "words"),
    [
        (2, "Each of the two publications lost accuracy when no copy"),
        (1, "One of two publications lost accuracy when no copy"),
        (0, "Replays of x and y: no loss of accuracy without copies was shown."),
    ],
)
def test_the_survey_states_its_message(n_leaks, words):
    assert FINDING.text("survey_title", n=2, n_leaks=n_leaks, names=["x", "y"]).startswith(words)
