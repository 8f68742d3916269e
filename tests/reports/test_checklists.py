import re

import pytest
from test_cards import STUDIES, anchors, changed, produce, rendered, tables_of
from test_report import NASTY

from analysis.tidy import read_table
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES
from reports.checklists.section import ANSWERS, FILES, checklists, load
from reports.results import Results
from reports.sections.cards import model_cards


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(tmp_path_factory.mktemp("checklists"))
        yield {name: produce(name) for name in STUDIES}


def filled(results: Results, checklist: str) -> dict[str, tuple[str, str, str]]:
    """What is answered to each item, the text, and where it leads."""
    rows = tables_of(list(checklists(results)))[f"table-checklist-{checklist}"].rows
    return {row[0].text: (row[2].text, row[3].text, row[4].link) for row in rows}


def test_checklists_have_the_items_of_the_published_ones():
    assert [item.number for item in load(FILES["claim"]).items] == [str(n) for n in range(1, 45)]
    letters = dict(enumerate((3, 5, 7, 3, 6, 3, 3, 2), 1))
    expected = [f"{module}{letter}" for module, n in letters.items() for letter in "abcdefg"[:n]]
    assert [item.number for item in load(FILES["reforms"]).items] == expected and len(expected) == 32


def test_every_answer_is_known_and_given_somewhere():
    items = [item for file in FILES.values() for item in load(file).items]
    assert {item.answer for item in items} == {*ANSWERS, "authors"}
    assert all(bool(item.note) == (item.answer == "authors") for item in items)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("checklist", FILES)
def test_every_item_is_answered_or_left_to_the_authors(made, name, checklist):
    answers = filled(made[name], checklist).values()
    assert {answered for answered, _, _ in answers} <= {YES, PARTLY, AUTHORS, NOT_APPLICABLE}
    for _, text, _ in answers:
        assert text.endswith(".") and not re.search(r"\bnan\b|<NA>|  ", text), text
    section = next(s for s in checklists(made[name]) if s.anchor == f"checklist-{checklist}")
    n = [sum(answered == word for answered, _, _ in answers) for word in (YES, PARTLY, AUTHORS, NOT_APPLICABLE)]
    assert re.findall(r"\d+", section.blocks[0].text) == [str(x) for x in (n[0], sum(n), *n[1:])]


@pytest.mark.parametrize("name", STUDIES)
def test_every_pointer_leads_to_the_section_that_it_names(made, name):
    sections = list(checklists(made[name]))
    titles = anchors(made[name], [*model_cards(made[name]), *sections]) | {"finding": "Finding"}
    pointers = [row[-1] for table in tables_of(sections).values() for row in table.rows if row[-1].link]
    assert len(pointers) > 40
    assert [(cell.text, cell.link) for cell in pointers if titles.get(cell.link) != cell.text] == []


def test_leaks_are_told_and_a_planted_one_is_called_so(made, tmp_path, monkeypatch):
    answered, text, _ = filled(made["whole"], "reforms")["6b"]
    assert answered == YES and "leak" not in text
    assert "Under the published split, 42 of 42 test images have a copy in the training part" in text
    assert "Under the split by patient, 0 of 70 test images have a copy in the training part" in text

    def plant(table):
        first = (table["protocol"] == "by_patient") & (table["fold"] == 1) & (table["part_b"] == "test")
        table.loc[first & (table["part_a"] == "train") & (table["kind"] == "near_duplicate"), "n_flagged"] = 3
        return table

    leaking = changed(made["whole"], tmp_path, "leakage", plant)
    monkeypatch.chdir(tmp_path)
    for checklist, item in (("reforms", "6a"), ("reforms", "6b"), ("claim", "20")):
        answered, text, _ = filled(leaking, checklist)[item]
        assert answered == PARTLY and "Data leakage was found under the split by patient: parts share" in text
    assert "3 of 70 test images have a copy in the training part" in filled(leaking, "reforms")["6b"][1]


def test_answers_hold_the_numbers_of_the_tables(made, tmp_path, monkeypatch):
    whole = made["whole"]
    headline = whole.networks("headline")
    best = headline[headline["protocol"] == "by_patient"].sort_values("accuracy").iloc[-1]
    assert f"accuracy of {best['accuracy']:.2f}" in filled(whole, "claim")["37"][1]
    collapse = read_table(whole.folder, "collapse")
    n = (collapse["verdict"] == "collapsed").sum()
    assert f"{n} of {len(collapse)} trained cells collapsed" in filled(whole, "claim")["39"][1]
    assert "specificity 0.25 (Simple CNN, 0.20 to 0.90)" in filled(whole, "claim")["38"][1]
    other = changed(
        whole, tmp_path, "scores", lambda table: table.assign(estimate=table["estimate"].replace(0.25, 0.75))
    )
    monkeypatch.chdir(tmp_path)
    assert "specificity 0.75 (Simple CNN" in filled(other, "claim")["38"][1]


def test_a_study_without_patients_does_not_say_that_it_keeps_them_apart(made):
    claim, reforms = filled(made["bare"], "claim"), filled(made["bare"], "reforms")
    assert claim["20"][0] == PARTLY and "in the training part; unknown: their patient." in claim["20"][1]
    assert claim["12"][1].count("patients are unknown") == 1
    assert "30 source images of unknown patients" in reforms["3e"][1]
    assert claim["38"][0] == NOT_APPLICABLE and claim["38"][2] == ""
    assert reforms["1b"][0] == AUTHORS and reforms["5b"][0] == AUTHORS


def test_a_study_with_the_published_protocol_alone_claims_nothing_of_new_patients(made):
    claim, reforms = filled(made["leaking"], "claim"), filled(made["leaking"], "reforms")
    assert (
        claim["32"][0] == PARTLY
        and "No score of this study describes the performance on new patients." in claim["32"][1]
    )
    assert reforms["5e"][1].startswith("No search") and reforms["5e"][2] == "training"
    assert reforms["6a"][0] == reforms["6b"][0] == PARTLY
    assert "Hyperparameters" not in reforms["6a"][1]


@pytest.mark.slow
def test_what_concerns_people_is_not_asked_of_generated_images(made):
    people = ("5", "11", "13", "16", "18", "36")
    assert {filled(made["leaking"], "claim")[item][0] for item in people} == {NOT_APPLICABLE}
    assert NOT_APPLICABLE not in {filled(made["whole"], "claim")[item][0] for item in people}
    assert "INbreast" not in filled(made["leaking"], "reforms")["8b"][1]
    assert "films without a mass" in filled(made["whole"], "reforms")["8b"][1]


def test_text_from_data_does_no_harm(made):
    shown = rendered(made["nasty"], list(checklists(made["nasty"])))
    assert len(shown.scripts) == 1 and "alert" not in shown.scripts[0]
    assert any(NASTY[0] in cell for row in shown.tables["table-checklist-reforms"] for cell in row)
    assert len(shown.tables["table-checklist-claim"]) == 45
