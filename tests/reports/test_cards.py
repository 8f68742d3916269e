import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from synthetic_results import write_results
from test_report import NASTY, Page

from analysis.explanations.gradcam_summary import summarise
from analysis.tidy import read_table
from benchmarks.study.study import load_study
from reports import page, provenance
from reports.document import Section, Table
from reports.facts import generated
from reports.results import Results
from reports.sections.cards import WORDS as CARDS
from reports.sections.cards import model_cards
from reports.supplement import supplement

STUDIES = {
    "whole": {"architectures": ("simple", "vgg16"), "dataset": "mendeley_inbreast"},
    "leaking": {"protocols": ("published",)},
    "bare": {
        "protocols": ("by_source",),
        "classes": ("x", "y", "z"),
        "dataset": "image_folder",
        **dict.fromkeys(("factors", "boxes", "patients", "judged"), False),
    },
    "nasty": {"protocols": ("published", "by_patient"), "classes": NASTY[:2]},
}


def produce(name: str) -> Results:
    """The results of one of STUDIES, in the working directory, with all that a report reads but figures."""
    write_results(Path(), name=name, n_folds=2, **{"architectures": ("simple",)} | STUDIES[name])
    study = load_study(f"{name}.yaml")
    (study.results() / "provenance.json").write_text(json.dumps(provenance.collect(study)))
    results = Results(study)
    # Else written with the figures, which no section here needs.
    heat = summarise(results.table("gradcam"), results.table("probes"), study.seed, study.bootstrap)
    heat.to_csv(results.folder / "tables" / "gradcam_summary.csv", index=False)
    return results


def changed(results: Results, folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Results:
    """The same results, in `folder`, with one table changed; `folder` must become the working directory."""
    shutil.copytree(Path(), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.np?"))
    path = folder / results.folder / "tables" / f"{table}.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    return Results(results.study)


def tables_of(sections: list[Section]) -> dict[str, Table]:
    return {block.anchor: block for section in sections for block in section.blocks if block.kind == "table"}


def anchors(results: Results, sections: list[Section]) -> dict[str, str]:
    """All that a link can lead to in a report with `sections`, with the titles of sections."""
    every = [*supplement(results).sections, *sections]
    blocks = [block for section in every for block in section.blocks]
    cells = [cell for block in blocks if block.kind == "table" for row in block.rows for cell in row]
    found = dict.fromkeys([block.anchor for block in blocks if hasattr(block, "anchor")], "")
    found |= dict.fromkeys([cell.anchor for cell in cells if cell.anchor], "")
    return found | {section.anchor: section.title for section in every}


def rendered(results: Results, sections: list[Section]) -> Page:
    whole = supplement(results)
    shown = dataclasses.replace(whole, sections=sections)
    return Page(page.html(shown, whole, "supplement", results.folder / "figures"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("cards"))
        yield {name: produce(name) for name in STUDIES}


@pytest.fixture
def whole(made):
    return made["whole"]


def card(results: Results, name: str = "simple") -> str:
    """All sentences of one card."""
    section = next(section for section in model_cards(results) if section.anchor == f"card-{name}")
    return "\n".join(item for block in section.blocks if block.kind == "bullets" for item in block.items)


def test_every_architecture_has_a_card(whole):
    sections = list(model_cards(whole))
    assert [section.anchor for section in sections] == ["model-cards", "card-simple", "card-vgg16"]
    assert [section.title for section in sections[1:]] == ["Simple CNN", "VGG16"]
    for name in ("simple", "vgg16"):
        for what in ("Description", "Training", "Intended use", "Data", "Limits", "Ethics"):
            assert f"\n{what}" in f"\n{card(whole, name)}"
        assert "Not for clinical use" in card(whole, name)


def test_scores_are_those_of_the_csv(whole):
    table = tables_of(list(model_cards(whole)))["table-card-scores-vgg16"]
    titles = [column.title for column in table.columns]
    scores = read_table(whole.folder, "scores").set_index(["architecture", "protocol", "task", "metric"])
    assert [row[0].text for row in table.rows] == whole.protocols
    for row in table.rows:
        for title, task, metric in (("accuracy", "class8", "accuracy"), ("sensitivity", "severity", "sensitivity")):
            own, cell = scores.loc[("vgg16", row[0].text, task, metric)], row[titles.index(title)]
            assert (
                cell.text == f"{own['estimate']:.2f}" and cell.below == f"{own['ci_low']:.2f} to {own['ci_high']:.2f}"
            )
        area = "not evaluable" if row[0].text == "published" else "0.71"
        assert row[titles.index("AUC within folds")].text == area


def test_groups_are_those_of_the_csv(whole):
    rows = tables_of(list(model_cards(whole)))["table-card-groups-simple"].rows
    groups = {row[0].text: row[1] for row in rows}
    assert groups["density 1"].text == "0.20" and groups["density 1"].strong
    assert groups["density 1"].below == "\N{MINUS SIGN}0.30, \N{MINUS SIGN}0.50 to \N{MINUS SIGN}0.10; 6 patients"
    assert (groups["density 4"].text, groups["density 4"].below) == ("not evaluable", "few")


def test_flags_are_those_of_the_csv(whole):
    table = tables_of(list(model_cards(whole)))["table-card-bias-simple"]
    assert [column.title for column in table.columns[1:]] == ["published", "by_patient"]
    flags = {row[0].text: row[1] for row in table.rows}
    leans = flags["relied on image features without diagnostic information"]
    assert leans.strong and leans.below == "region swapped (background); turned or mirrored (side of the breast)"
    assert leans.link == "figure-bias_changes_simple"
    assert flags["performed unequally across groups"].below == "density"


def test_a_model_without_skill_is_not_judged(whole):
    """Under the published protocol vgg16 has no skill; the tables of the checks have effects nevertheless."""
    rows = tables_of(list(model_cards(whole)))["table-card-bias-vgg16"].rows
    assert {(row[1].text, row[1].below) for row in rows} == {("not evaluable", "no skill")}
    assert any(row[2].text == "flagged" for row in rows)
    assert (
        "No skill was shown under the published split: saliency maps and bias checks are not evaluable there."
        in card(whole, "vgg16")
    )
    assert "No skill was shown" not in card(whole, "simple")


def test_harm_follows_from_the_scores(whole, tmp_path, monkeypatch):
    assert "miss about 20 of 100 malignant images and call about 75 of 100 benign images malignant" in card(whole)
    doubt = changed(whole, tmp_path, "scores", lambda table: table.assign(estimate=table["estimate"].fillna(0) * 0.5))
    monkeypatch.chdir(tmp_path)
    assert "miss about 60 of 100 malignant images and call about 88 of 100" in card(doubt)


def test_limits_follow_from_the_tables(whole, tmp_path, monkeypatch):
    assert (
        "compared with the majority-class baseline, the accuracy was significantly higher under the published "
        "split, not "
        "significantly higher under the split by source image and the split by patient." in card(whole)
    )
    assert "42 of 42 test images have a copy in the training part" in card(whole)
    assert "collapsed" not in card(whole)
    assert "1 of 5 cells collapsed" in card(whole, "vgg16")
    clean = changed(whole, tmp_path, "leakage", lambda table: table.assign(n_flagged=0))
    monkeypatch.chdir(tmp_path)
    assert "have a copy in the training part" not in card(clean)


def test_without_sources_files_are_counted(made, tmp_path, monkeypatch):
    files = changed(made["bare"], tmp_path, "data", lambda table: table.assign(sources=None))
    monkeypatch.chdir(tmp_path)
    assert "2220 files of unknown patients" in card(files).replace(",", "")


def test_what_can_not_be_told_is_not_told(made):
    bare = card(made["bare"])
    assert "The share of cancers that the network would miss is not evaluable." in bare
    assert "30 source images of unknown patients" in bare
    assert "without a mass" not in bare and "without a mass" in card(made["whole"])
    titles = [column.title for column in tables_of(list(model_cards(made["bare"])))["table-card-scores-simple"].columns]
    assert "sensitivity" not in titles
    assert "This study does not show the performance on images of new patients." in card(made["leaking"])
    assert "corrected form" not in card(made["leaking"]) and "as the original study built it" in card(made["leaking"])
    assert generated() in card(made["leaking"]) and generated() not in card(made["whole"])


@pytest.mark.parametrize("name", STUDIES)
def test_every_link_of_a_card_leads_somewhere(made, name):
    sections = list(model_cards(made[name]))
    known = anchors(made[name], sections)
    cells = [cell for table in tables_of(sections).values() for row in table.rows for cell in row]
    assert len({*tables_of(sections)}) == 3 * len(made[name].architectures)
    assert [cell.link for cell in cells if cell.link and cell.link not in known] == []


def test_text_from_data_does_no_harm(made):
    shown = rendered(made["nasty"], list(model_cards(made["nasty"])))
    assert len(shown.scripts) == 1 and "Made-up images & <numbers>" in shown.text
    assert "[@" not in shown.text and "Model Cards for Model Reporting" in shown.text


LIMITS = {"better": ["a"], "not_better": [], "unknown": [], "without_skill": [], "classes": 8, "predicted": [(3, "a")]}
LIMITS |= {"collapsed": 0, "cells": 5, "copies": [], "honest": ["a"], "repeats": 2, "elsewhere": "None elsewhere."}
COMPARED = "Limits: compared with the majority-class baseline, the accuracy was"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, f"{COMPARED} significantly higher under a. Of 8 classes, the network predicted 3 (a). None elsewhere."),
        (
            {"not_better": ["b"], "unknown": ["c", "d"]},
            f"{COMPARED} significantly higher under a, not significantly higher under b, not evaluable under c and d.",
        ),
        ({"better": [], "unknown": ["c"]}, f"{COMPARED} not evaluable under c."),
        ({"better": [], "not_better": ["a", "c"]}, f"{COMPARED} not significantly higher under a and c."),
        ({"predicted": [(3, "a"), (2, "b"), (1, "c")]}, "the network predicted 3 (a), 2 (b) and 1 (c)."),
        (
            {"without_skill": ["a"]},
            "No skill was shown under a: saliency maps and bias checks are not evaluable there.",
        ),
        ({"collapsed": 1}, "1 of 5 cells collapsed to one predicted class for all test images."),
        (
            {"copies": [("a", "2 of 9 images are copied")]},
            "Scores under a overestimate the performance on new patients: 2 of 9 images are copied.",
        ),
        ({"honest": []}, "This study does not show the performance on images of new patients."),
        ({"repeats": 1}, "Every cell was trained once, with one random seed. None elsewhere."),
    ],
)
def test_limits_are_those_that_hold(facts, words):
    assert words in CARDS.text("limits", **LIMITS | facts)
    if facts:
        assert CARDS.text("limits", **LIMITS) != CARDS.text("limits", **LIMITS | facts)


@pytest.mark.parametrize(
    ("missed", "false_alarms", "words"),
    [
        (None, None, "The share of cancers that the network would miss is not evaluable."),
        (12.4, None, "would miss about 12 of 100 malignant images (under a, at a probability of 0.5)."),
        (None, 3, "would call about 3 of 100 benign images malignant (under a, at"),
        (12, 3, "would miss about 12 of 100 malignant images and call about 3 of 100 benign images malignant (under a"),
    ],
)
def test_harm_is_told_as_far_as_it_is_known(missed, false_alarms, words):
    known = {"missed": missed, "false_alarms": false_alarms, "protocol": "a"}
    assert words in CARDS.text("ethics", **known, warning="", never=None)
    assert CARDS.text("ethics", **known, warning="Phantoms.", never="films").endswith(" Phantoms.")
    assert CARDS.text("ethics", **known, warning="", never="films").endswith("The training data contain no films.")


def test_training_names_weights_and_seeds():
    facts = {"recipes": ["a: x", "b: y"], "searched": ["b"], "backends": ["jax", "torch"], "precisions": ["float32"]}
    assert CARDS.text("training", **facts, weights="", cells=1, first=3, last=3) == (
        "Training, a: x; b: y. Initial weights: random. 1 cell was trained with random seed 3 (backend: jax and torch; "
        "precision: float32)."
    )
    told = CARDS.text("training", **facts, weights="imagenet", cells=5, first=3, last=7)
    assert "Initial weights: imagenet under b. 5 cells were trained with random seeds 3 to 7 (backend" in told
