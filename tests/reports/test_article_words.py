"""Each sentence of the first screen and the abstract follows from facts by stated conditions."""

import pytest
from article_facts import NAN, found, headline, loss, scored

from reports.results import main_honest
from reports.words import Words

ARTICLE, FINDING = Words("article"), Words("finding")


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
        "The highest AUC for malignancy was 0.70 (b, 95% CI 0.60 to 0.80). 1 of 2 architectures had skill (b), "
        "that is, "
        "performance better than chance."
    )
    both = headline(a=0.5, b=0.6).assign(density_accuracy=0.4, density_accuracy_low=0.3, density_accuracy_high=0.5)
    assert answer(honest=scored(both)).endswith("All 2 architectures had skill (performance better than chance).")
    # Without its baseline, the accuracy for density says little on the first screen.
    assert "density" not in answer(honest=scored(both))
    density = "The highest accuracy for density was 0.40 (b, 95% CI 0.30 to 0.50). All 2 architectures had skill"
    assert density in ARTICLE.text("remaining", f=found(honest=scored(both)))
    nobody = scored(headline(a=0.2, b=0.3))
    assert answer(honest=nobody).endswith("None of 2 architectures showed skill (performance better than chance).")
    alone = scored(headline(a=0.2))
    assert answer(honest=alone).endswith("The architecture did not show skill (performance better than chance).")
    # A baseline with skill shows that the images hold evidence.
    features = headline(imagenet_logistic=0.5).iloc[0].to_dict()
    said = "The baseline logistic regression on ImageNet features had skill (AUC 0.70, 95% CI 0.60 to 0.80)."
    assert answer(honest=nobody, features=features | {"skill": "yes"}).endswith(said)
    assert said not in answer(honest=nobody, features=features | {"skill": "no"})
    assert said not in answer(honest=scored(both), features=features | {"skill": "yes"})
    none = headline(a=0.2).assign(severity_auc=NAN, skill="not evaluable: one patient", verdict="not evaluable: x")
    assert answer(honest=scored(none)).endswith(
        "it is not evaluable whether any architecture was better than the majority-class baseline. It is not evaluable "
        "whether any architecture had skill (performance better than chance)."
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


def test_the_conclusion_follows_the_losses():
    def conclusion(**changes) -> str:
        return FINDING.text("conclusion", f=found(**changes))

    lost, kept = ("a", 0.6, 0.4, 0.8), ("b", -0.1, -0.3, 0.1)
    most = "Most architectures lost accuracy when training and test images shared no patient"
    assert most in conclusion(inflation=loss(lost))
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


def test_how_sure_lists_what_the_numbers_rest_on():
    def sure(**changes) -> list[str]:
        tested = [(35, "patients", "published"), (1, "samples", "by_patient")]
        about = {"tested": tested, "positive": "Positive.", "elsewhere": "Elsewhere."}
        return FINDING.texts("sure", f=found(**changes), **about, only_units=changes == {})

    assert sure() == [
        "CIs were computed by resampling patients and samples (1,000 bootstrap resamples). Tested were 35 "
        "patients under "
        "the published split and 1 sample under the split by patient.",
        "Positive.",
        "Each model was trained with one random seed; the CIs do not include training variability.",
        "Elsewhere.",
    ]
    more = sure(
        detectable=("0.14 to 0.25", 50, "patients"),
        inflation=loss(("a", 0.4, 0.1, 0.7)),
        study=found()["study"] | {"repeats": 3},
    )
    assert more[0].startswith("CIs were computed by resampling patients and samples, not files (1,000 bootstrap")
    assert more[2] == (
        "For 1 of 1 architecture, accuracy was significantly lower under the split by patient than under the published "
        "split (95% CI of the difference above zero)."
    )
    assert more[3] == (
        "With 50 patients, one uncorrected comparison has 80% power for a difference in accuracy of 0.14 to 0.25; "
        "smaller differences cannot be excluded."
    )
    assert more[4] == "Training was repeated 3 times with other folds and random seeds."


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
