"""The report on bias: verdicts in words and in the matrix, whatever the tables hold."""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_calibration_section import planted, speed
from test_report import Page, compile_tex, overfull, produce, read

from analysis.bias.bias import COLLAPSED
from analysis.bias.families import family
from analysis.tidy import read_table
from benchmarks import reference
from reports import latex, verdicts
from reports.document import Cell, Column, Figures, Picture, Section, Supplement, Table
from reports.page import html
from reports.sections import bias
from reports.wording import per_cent


def table(*rows) -> pd.DataFrame:
    """Rows of tables/bias.csv from (architecture, check, region, effect, verdict), all under `published`."""
    names = ["architecture", "check", "region_or_group", "effect", "verdict"]
    found = pd.DataFrame(rows, columns=names).assign(protocol="published", null=0.1, n=30, note=None)
    found["family"] = [family(*pair) for pair in zip(found["check"], found["region_or_group"], strict=True)]
    found["q"] = found["effect"].where(found["effect"].isna(), 0.01)
    found["verdict_before_skill"] = found["verdict_uncorrected"] = found["verdict"]
    found["ci_low"], found["ci_high"] = found["effect"] - 0.1, found["effect"] + 0.1
    return found.assign(evidence="figures/bias_maps_" + found["architecture"] + ".svg")


MIXED = (
    ("a", "heat", "labels", 0.3, "flagged"),
    ("a", "heat", "border", 0.4, "flagged"),
    ("a", "heat", "corners", 0.0, "clear"),
    ("b", "heat", "labels", 0.0, "clear"),
    ("b", "heat", "border", None, "not evaluable"),
    ("c", "heat", "labels", None, "not evaluable"),
    ("a", "erase", "lesion", 0.01, "flagged"),
    ("a", "erase", "labels", 0.2, "flagged"),
    ("b", "orientation", "turned by 90", 0.5, "flagged"),
    ("b", "groups", "density 1: accuracy", -0.6, "flagged"),
    ("b", "groups", "density 2: brier", 0.3, "flagged"),
)


def matrix(rows) -> dict[str, list[Cell]]:
    results = SimpleNamespace(table=lambda name: table(*rows), architectures=["a", "b", "c"])
    found = bias._matrix(results, "published", folded=False)
    return {row[0].text: row[1:] for row in found.rows}


def test_matrix_flags_if_any_region_is_flagged_and_clears_if_any_is_clear():
    rows = matrix(MIXED)
    heat = rows["share of the saliency"]
    assert [(cell.text, cell.below, cell.strong) for cell in heat] == [
        ("flagged", "labels, border", True),
        ("clear", "", False),
        ("not evaluable", "", False),
    ]
    assert rows["region erased"][0].below == "lesion ignored, labels"
    assert rows["groups"][1].below == "density"
    assert [cell.text for cell in rows["groups"]] == ["not evaluable", "flagged", "not evaluable"]
    assert list(rows) == ["share of the saliency", "region erased", "turned or mirrored", "groups"]
    assert [cell.link for cell in heat] == [f"figure-bias_maps_{name}" for name in "abc"]


def test_sentences_count_architectures_by_what_their_flags_say():
    assert verdicts.flags_sentence(table(*MIXED), "published") == (
        "Under the published split, bias checks flagged 2 of 2 architectures: 2 relied on image features without "
        "diagnostic "
        "information (labels, turned by 90); 1 gave the same predictions with the lesion changed; 1 had misplaced "
        "saliency; 1 performed unequally across groups."
    )
    assert verdicts.flags_sentence(table(*MIXED), "by_patient") == ""
    nothing = table(("a", "heat", "labels", 0.0, "clear"))
    assert "no bias check flagged any of 1 architecture." in verdicts.flags_sentence(nothing, "published")
    unknown = table(("a", "heat", "labels", None, "not evaluable")).assign(note=COLLAPSED)
    assert "no bias check of any architecture was evaluable" in verdicts.flags_sentence(unknown, "published")
    collapsed = pd.concat([unknown, table(("b", "heat", "labels", 0.0, "clear"))])
    told = verdicts.flags_sentence(collapsed, "published")
    assert told.endswith("a predicted the same for every probe image; only its differences between groups were judged.")
    both = collapsed.assign(note=COLLAPSED)
    assert "a and b predicted the same for every probe image; only their" in verdicts.flags_sentence(both, "published")
    counted = verdicts.counts_sentence(table(*MIXED), ["published", "by_patient"])
    assert counted == (
        f"Flags among the evaluable verdicts: 7 of 9 ({per_cent(7 / 9)}) under the published split, 0 of 0 under "
        f"the split by patient. 2 "
        "verdicts were not evaluable."
    )


def test_models_without_skill_are_counted_and_named():
    rows = table(*MIXED).assign(note=None)
    without = rows["architecture"] == "b"
    rows.loc[without, ["verdict", "note"]] = ["not evaluable", "no skill"]
    told = verdicts.flags_sentence(rows, "published")
    assert told.startswith("Under the published split, bias checks flagged 1 of 1 architecture:")
    assert told.endswith("Not evaluable: no skill (b).")
    counted = verdicts.counts_sentence(rows, ["published"])
    # Of a 4 flagged and 1 clear, of b 3 flagged, 1 clear and 1 not evaluable, of c 1 not evaluable.
    assert counted.endswith(
        "Models without skill were not judged: 4 flagged (7 without this rule), 1 clear (2 without this rule), 6 not "
        "evaluable (2 without this rule)."
    )
    cells = bias._verdict(rows[without])
    assert (cells.text, cells.below, cells.strong) == ("not evaluable", "no skill", False)
    everyone = rows.assign(verdict="not evaluable", note="no skill")
    assert verdicts.flags_sentence(everyone, "published") == (
        "Under the published split, no bias check of any architecture was evaluable. Not evaluable: no skill (a, "
        "b and c)."
    )
    assert "Not evaluable: no skill (a, b and c)." in verdicts.claim_sentence(everyone)
    assert list(bias._groups_sentences(everyone, ["published"])) == [
        "Under the published split, no difference between groups was flagged. Not evaluable: no skill (a, b and c)."
    ]


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ("b: x", "1 difference between groups was flagged. Most frequent (number of architectures): x (1)."),
        (
            "a: x, b: y, c: y",
            "3 differences between groups were flagged. Most frequent (number of architectures): y (2), x (1).",
        ),
    ],
)
def test_flagged_groups_are_counted_over_architectures(groups, words):
    pairs = [pair.split(": ") for pair in groups.split(", ")]
    rows = table(*((name, "groups", group, 0.3, "flagged") for name, group in pairs))
    assert list(bias._groups_sentences(rows, ["published"])) == [f"Under the published split, {words}"]


def test_probes_are_counted_with_their_patients_where_these_are_known():
    rows = pd.DataFrame({"protocol": ["a", "a", "b"], "patient": ["p", "p", None], "shown": [True, False, True]})
    told = bias._probes_text(SimpleNamespace(table=lambda name: rows, protocols=["a", "b"]))
    assert "This gave 2 probes of 1 patient under a (1 shown) and 1 probe under b (1 shown)." in told


def test_rules_say_what_flags_and_what_clears():
    rows = {row[0].text: [cell.text for cell in row[1:3]] for row in bias._rules()[1].rows}
    assert rows["film label alone"] == ["CI above 0, effect at least 0.2", "CI up to 0.3"]
    assert rows["erase, blur, swap (lesion)"] == ["CI below 0.05", "CI above 0"]
    assert rows["deletion, insertion"] == ["CI above 0", "CI up to 0"]
    assert bias._rules()[0].text.startswith("An effect is an estimate minus its null")


def test_further_checks_are_named_with_their_question():
    assert "Further checks: x (What it asks); y (More)." in bias.WORDS.text(
        "questions", others=[("x", "What it asks"), ("y", "More")]
    )
    assert "Further" not in bias.WORDS.text("questions", others=[])


def test_what_is_left_out_for_want_of_skill_is_named_with_its_reason():
    rows = table(*MIXED[:2]).assign(note=["no skill", "skill not evaluable"], verdict="not evaluable")
    rows["architecture"] = ["a", "b"]
    assert verdicts.without_skill(rows) == "Not evaluable: no skill (a) and skill not evaluable (b)."
    assert verdicts.without_skill(table(*MIXED)) == ""
    assert verdicts.counts_sentence(rows[:1], ["published"]).startswith(
        "Flags among the evaluable verdicts: 0 of 0 under the published split. 1 verdict was not evaluable. "
        "Models without skill"
    )


def test_each_family_of_flags_has_its_meaning():
    assert verdicts.KINDS["unrelated"] == "had saliency maps that failed the sanity checks"
    assert all(verdicts.KINDS.values()) and len(set(verdicts.KINDS.values())) == 5


def test_largest_differences_are_told_with_interval_and_units():
    told = verdicts.strongest(table(*MIXED), "published", "patient")
    assert "in probability 0.50 (b, turned or mirrored, turned by 90, 95% CI 0.40 to 0.60, 30 patients);" in told
    assert "in share or maximum of the saliency 0.40 (a, share of the saliency, border, 95%" in told
    assert "between groups \N{MINUS SIGN}0.60 (b, density 1: accuracy, 95%" in told
    assert verdicts.strongest(table(MIXED[3]), "published", "patient") == ""


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            MIXED,
            "flagged 2 of 2 evaluable architectures: 1 gave the same predictions with the lesion changed; 2 relied on",
        ),
        (MIXED[:1], "flagged 1 of 1 evaluable architecture. The saliency maps of flagged models do not confirm"),
        ([("a", "heat", "lesion", -0.1, "flagged")], "1 had no more saliency on the lesion than a map of the whole"),
        (MIXED[3:4], "any of 1 evaluable architecture. This does not contradict the claim, but it does not show"),
        (MIXED[5:6], "no check of saliency maps or predictions was evaluable."),
        (MIXED[9:], "no check of saliency maps or predictions was evaluable."),
    ],
)
def test_the_claim_about_grad_cam_is_worded_from_the_verdicts(rows, words):
    assert words in verdicts.claim_sentence(table(*rows))


def test_flags_before_and_after_correction():
    """Of the flags in MIXED, all groups and one of saliency are lost; what has no q is in no count."""
    found = table(*MIXED)
    lost = (found["check"] == "groups") | (found["region_or_group"] == "border")
    found.loc[lost, "verdict"] = "not evaluable"
    unskilled = found.assign(q=None, verdict="not evaluable")
    found = pd.concat([found, unskilled])
    told = verdicts.correction_sentence(found)
    rate = f"at a false discovery rate of {per_cent(0.05)} within each family of checks"
    assert told.endswith(f"{rate}, 4 of 7 flags remained.")
    rows = [[cell.text for cell in row] for row in bias._families(found).rows]
    assert rows == [
        ["had misplaced saliency", "4", "2", "1"],
        ["gave the same predictions with the lesion changed", "1", "1", "1"],
        ["relied on image features without diagnostic information", "2", "2", "2"],
        ["performed unequally across groups", "2", "2", "0"],
    ]
    assert verdicts.correction_sentence(unskilled) == ""


def test_linked_cells_are_escaped(tmp_path):
    (tmp_path / "none.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><!-- "--><path d="M 0\n1.2345" id="#%"/></svg>'
    )
    cell = Cell("<b>_&%", "{#}", strong=True, link="figure-a_b")
    figure = Figures("figure-a_b", "caption", [Picture("none", "alt")], [])
    block = Table("table-x", "caption", [Column("x", "narrow")], [[cell]], [])
    left = Table("table-y", "only on the <page>", [Column("x")], [[Cell("secret")]], [], folded=True, printed=False)
    sections = [Section("s", "S", [figure, block, left])]
    report, other = (Supplement("t", "q", "d", "", own, "stamp") for own in (sections, []))
    page = Page(html(report, other, "supplement", tmp_path))
    assert page.tables["table-x"][1] == ["<b>_&%|{#}"] and page.tables["table-y"][1] == ["secret"]
    assert "#figure-a_b" in page.links and "figure-a_b" in page.ids
    assert page.resources == [
        "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%3E%3Cpath%20d='M0,1.23'%20id='%23%25'/%3E%3C/svg%3E"
    ]
    tex, tables = latex.text(report, other, "supplement"), latex.tables(report)
    assert r"\textbf{\hyperref[figure-a_b]{\textless{}b\textgreater{}\_\allowbreak{}\&\%}}" in tables["x.tex"]
    assert r"\label{figure-a_b}" in tex and r"\input{../tables/x.tex}" in tex
    assert set(tables) == {"x.tex", "y.tex"} and "secret" in tables["y.tex"] and r"\input{../tables/y.tex}" not in tex
    assert r"Left out in print: only on the \textless{}page\textgreater{}" in tex


@pytest.mark.slow
def test_report_of_one_architecture_with_calibration(tmp_path, monkeypatch):
    folder = tmp_path / "reference"
    shutil.copytree(reference.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    planted().to_csv(folder / "planted_bias.csv", index=False)
    speed().to_csv(folder / "explanation_speed.csv", index=False)
    monkeypatch.setattr(reference, "FOLDER", folder)
    study = produce(
        tmp_path, monkeypatch, architectures=("simple",), classes=("x", "y"), protocols=("by_patient",), n_folds=2
    )
    page = read(study, "supplement")
    assert {"table-planted", "table-speed", "table-bias-by_patient", "table-bias-rules"} <= set(page.tables)
    assert "Grad-CAM confirmed the reliability" not in page.text
    rows = read_table(study.results(), "bias")
    flagged = rows[(rows["verdict"] == "flagged") & (rows["check"] != "groups")]
    assert len(page.tables["table-bias-flagged"]) == len(flagged) + 1
    assert len(page.tables["table-bias-rows"]) == (rows["verdict"] != "flagged").sum() + 1
    assert len(page.tables["table-probes"]) == 3
    assert [row[0] for row in page.tables["table-bias-by_patient"][1:]] == list(verdicts.CHECKS.values())
    lost = (rows["check"] == "heat") & (rows["region_or_group"] == "border") & rows["q"].notna()
    flags = [(rows[column] == "flagged")[rows["q"].notna()].sum() for column in ("verdict_uncorrected", "verdict")]
    assert flags[0] - flags[1] == lost.sum() > 0
    assert f"{flags[1]} of {flags[0]} flags remained." in page.text
    counted = [[int(number) for number in row[2:]] for row in page.tables["table-bias-families"][1:]]
    assert np.sum(counted, axis=0).tolist() == flags
    assert [page.text.count(rule.reason) for _, rule in bias.RULES] == [1] * len(bias.RULES)
    log = compile_tex(study, "supplement")
    assert max(overfull(log), default=0) < 3
