from pathlib import Path

import pandas as pd
import pytest

from benchmarks.publications import publication
from reports import bibliography, render, wording
from reports.checklists.section import FILES, load
from reports.escaping import cited, tex, tex_citation
from reports.findings import answer, finding
from reports.results import main_honest
from reports.sections.claims import _causes
from reports.wording import count, number


def headline(**accuracies: float) -> pd.DataFrame:
    rows = [
        {
            "architecture": name,
            "protocol": protocol,
            "accuracy": value,
            "ci_low": value - 0.1,
            "ci_high": value + 0.1,
            "n_samples": 100,
            "n_units": 1 if name == "alone" else 50,
            "unit": "patients",
            **{f"severity_auc{end}": value + 0.2 + add for end, add in (("", 0), ("_low", -0.1), ("_high", 0.1))},
            **dict.fromkeys(("density_accuracy", "density_accuracy_low", "density_accuracy_high"), float("nan")),
            "majority_label": "m",
            "majority_accuracy": 0.3,
            "verdict": "beats majority" if value > 0.4 else "does not beat majority",
            "skill": "yes" if value > 0.4 else "no",
            "collapsed_cells": int(value == 0.3),
            "cells": 3,
        }
        for name, value in accuracies.items()
        for protocol in ("by_patient",)
    ]
    return pd.DataFrame(rows)


NO_INFLATION = pd.DataFrame(columns=["architecture", "honest_protocol", "inflation", "ci_low", "ci_high"])
NO_LEAKAGE = pd.DataFrame(columns=["protocol", "fold", "kind", "part_a", "part_b", "n_b", "n_flagged"])


def say(table, inflation=NO_INFLATION, leakage=NO_LEAKAGE, protocols=("by_patient",)) -> str:
    return " ".join(finding(table, inflation, leakage, list(protocols)))


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        (
            {"a": 0.2, "b": 0.3},
            "the best of 2 networks answers 30 % (b, 95 % CI 20 % to 40 %) of its test images right;",
        ),
        ({"a": 0.5, "b": 0.3}, "right; 1 of 2 beats always answering the majority class."),
        ({"a": 0.5, "b": 0.6}, "right; 2 of 2 beat always answering the majority class."),
        ({"a": 0.2}, "the network answers 20 % (a, 95 % CI 10 % to 30 %) of its test images right; it does not beat"),
        ({"a": float("nan")}, "accuracy is not evaluable; it does not beat"),
    ],
)
def test_the_answer_follows_the_best_honest_network(accuracies, words):
    assert words in answer(headline(**accuracies), ["by_patient"])


def test_the_answer_tells_severity_density_and_skill():
    text = answer(headline(a=0.2, b=0.5), ["by_patient"])
    assert text.endswith(
        "The best area under ROC of severity (within folds) is 0.70 (b, 95 % CI 0.60 to 0.80). "
        "Skill is shown for 1 of 2 networks (b)."
    )
    both = headline(a=0.2, b=0.3).assign(density_accuracy=0.4, density_accuracy_low=0.3, density_accuracy_high=0.5)
    factors = "0.50 (b, 95 % CI 0.40 to 0.60) and accuracy of density 0.40 (b, 95 % CI 0.30 to 0.50)."
    assert f"{factors} Skill is shown for 0 of 2 networks." in answer(both, ["by_patient"])
    none = headline(a=0.2).assign(severity_auc=float("nan"), skill="not evaluable: one patient")
    assert answer(none, ["by_patient"]).endswith("majority class. Whether any network has skill is not evaluable.")


def test_the_answer_sets_published_beside_honest():
    honest = headline(a=0.2, b=0.3)
    published = headline(a=0.9, b=0.8).assign(protocol="published")
    text = answer(pd.concat([published, honest]), ["published", "by_patient"])
    assert text.startswith("Under the published split the best of 2 networks answers 90 % (a, ")
    assert "With no patient on both sides of the split the best of 2 networks answers 30 % (b, " in text


def shipped_leak() -> pd.DataFrame:
    rows = [
        ["as_shipped", 0, kind, "train", "test", 100, n] for kind, n in (("near_duplicate", 7), ("pixel_identical", 3))
    ]
    return pd.DataFrame(rows, columns=NO_LEAKAGE.columns)


def test_the_split_as_shipped_is_told_with_its_leak_and_is_not_honest():
    shipped = headline(a=0.9).assign(protocol="as_shipped")
    text = say(shipped, leakage=shipped_leak(), protocols=["as_shipped"])
    assert text.startswith("Under the split as shipped (as_shipped), a reaches a test accuracy of 0.90")
    assert "Of these test images, 7 of 100 have a copy in training" in text
    assert "This study ran no protocol that keeps sources or patients apart" in text
    both = pd.concat([shipped, headline(a=0.2)])
    assert main_honest(["as_shipped", "by_patient"]) == "by_patient" and main_honest(["as_shipped"]) is None
    told = answer(both, ["as_shipped", "by_patient"])
    assert told.startswith("Under the split as shipped the network answers 90 % (a, ")
    assert "With no patient on both sides of the split the network answers 20 % (a, " in told


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        ({"a": 0.2, "b": 0.3}, "none of the 2 architectures beats it"),
        ({"a": 0.2, "b": 0.5}, "b beats it, the other does not"),
        ({"a": 0.2, "b": 0.5, "c": 0.6, "d": 0.1}, "b and c beat it, the other 2 do not"),
        ({"a": 0.5, "b": 0.6}, "all 2 architectures beat it"),
        ({"a": 0.2}, "a does not beat it"),
        ({"a": 0.5}, "a beats it"),
    ],
)
def test_sentences_follow_the_verdicts(accuracies, words):
    opening = "Always answering the majority class of the training part (m) scores 0.30 on the same images"
    assert f"{opening}; {words} (paired bootstrap, 95 %)." in say(headline(**accuracies))


def test_a_verdict_that_is_not_evaluable_is_said_so():
    table = headline(a=0.2).assign(verdict="not evaluable: no majority")
    assert "Whether any beats the majority class is not evaluable." in say(table)


def test_sentences_follow_collapse():
    assert "answering one class for every test image: under by_patient, b (1 of 3 cells)." in say(
        headline(a=0.2, b=0.3)
    )
    assert "No model answers the same class for all of its test images." in say(headline(a=0.2, b=0.5))


def test_sentences_follow_accuracy_and_its_units():
    assert "from 0.20 (a, 95 % CI 0.10 to 0.30) to 0.50 (b, 95 % CI 0.40 to 0.60)" in say(headline(b=0.5, a=0.2))
    assert "on 100 test images of 50 patients" in say(headline(b=0.5, a=0.2))
    assert "on 100 test images of 1 patient." in say(headline(alone=0.5))
    assert "accuracy is not evaluable" in say(headline(a=float("nan")).assign(verdict="not evaluable: x"))


def test_sentences_follow_inflation():
    row = {"architecture": "a", "honest_protocol": "by_patient", "inflation": 0.4, "ci_low": 0.1, "ci_high": 0.7}
    row |= {"n_published_units": 35, "n_honest_units": 50}
    one = say(headline(a=0.2), pd.DataFrame([row]))
    assert "Published minus by_patient accuracy is 0.40 (a, 0.10 to 0.70), on 35 and 50 independent units" in one
    assert "the 95 % interval lies above zero" in one
    low = row | {"architecture": "b", "inflation": -0.1, "ci_low": -0.3, "ci_high": 0.1}
    assert "interval does not lie above zero" in say(headline(b=0.2), pd.DataFrame([low]))
    two = say(headline(a=0.2, b=0.3), pd.DataFrame([row, low]))
    assert "from \N{MINUS SIGN}0.10 (b, \N{MINUS SIGN}0.30 to 0.10) to 0.40" in two
    assert "lies above zero for 1 of 2 architectures" in two


def test_sentence_counts_the_leaked_test_images():
    rows = {"protocol": "published", "fold": 0, "part_a": "train", "part_b": "test", "n_b": 42}
    leakage = pd.DataFrame(rows | {"kind": ["near_duplicate", "pixel_identical"], "n_flagged": [40, 30]})
    table = headline(a=0.9).assign(protocol="published")
    told = say(table, leakage=leakage, protocols=["published"])
    assert "40 of 42 have a copy in training, found from pixels alone; 30 are pixel by pixel the same" in told


def test_numbers_are_worded():
    assert number(-0.004) == "0.00" and number(-0.25) == "\N{MINUS SIGN}0.25" and number(None) == wording.MISSING
    assert count(7632) == "7,632" and wording.units(1, "patients") == "1 patient"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert [wording.duration(s) for s in (12.34, 200, 299.6, 3720)] == [
        *("12.3 s", "3 min 20 s", "5 min 00 s", "1 h 02 min")
    ]


def test_tex_escapes_every_special_letter():
    assert tex("a & 50% of $x_1$") == r"a \& 50\% of \$x\_\allowbreak{}1\$"
    assert tex("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert tex("line\nbreak") == "line break"
    convert = cited(bibliography.references(), tex, tex_citation)
    assert convert("x [@kapoor2023; @efron1993]") == r"x \citep{kapoor2023,efron1993}"
    assert "citep" not in convert("x [@unknown]")


def test_references_read_as_text():
    known = bibliography.references()
    assert known["moreira2012"].text.startswith("Inês C. Moreira, Igor Amaral, Inês Domingues, António Cardoso")
    assert known["moreira2012"].doi == "10.1016/j.acra.2011.09.014"
    assert all(not set(reference.text) & set("{}\\") for reference in known.values())
    folder = Path(render.__file__).parent
    sources = "".join(
        path.read_text() for path in [*folder.rglob("*.py"), *folder.rglob("*.j2"), folder / "templates/words.yaml"]
    )
    studied = {
        publication.load(publication.find("published"))["citation"],
        *(load(file).citation for file in FILES.values()),
    }
    assert set(known) == {key for key in bibliography.cited_keys(sources) if key in known} | studied


def test_causes_of_collapse_tell_whole_and_reduced_networks_apart():
    def run(architecture, change, parameters, size, seed, classes):
        row = {"architecture": architecture, "change": change, "parameters": parameters, "image_size": size}
        return row | {"seed": seed, "epochs": 3, "predicted_classes": classes}

    runs = pd.DataFrame(
        [
            *(run("alexnet", "none", 62, 227, seed, 1) for seed in (1, 2)),
            run("alexnet", "learning_rate=0.0001", 62, 227, 1, 4),
            *(run("alexnet", "none", 5, 67, seed, 6) for seed in (1, 2)),
            *(run("vgg16", "none", 3, 64, seed, classes) for seed, classes in ((1, 1), (2, 3))),
            run("simple", "none", 7, 64, 1, 8),
        ]
    )
    figures = {"alexnet": {"parameters": 62, "test_accuracy": 0.45}, "vgg16": {"parameters": 99, "test_accuracy": 0.45}}
    assert list(_causes(runs, figures)) == [
        "alexnet always collapsed: the network as published (3 epochs) in 2 of 2 runs, with learning_rate=0.0001 in 0 "
        "of 1.",
        "vgg16 collapsed by chance: the reduced network (3 epochs) in 1 of 2 runs.",
    ]
