"""The survey as page and LaTeX: true sentences first, every publication with a section, both formats readable."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT
from playwright.sync_api import sync_playwright
from survey_input import leak, mammoflow, ordinary, replay, write_study

from analysis.drawing.style import use_style
from analysis.survey import forest
from analysis.survey.survey import tables
from benchmarks.publications import publication
from reports.survey import __main__ as command
from reports.survey import page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Text(HTMLParser):
    """Visible text of a page, by the id of the heading above it."""

    def __init__(self):
        super().__init__()
        self.parts, self.at, self.skipped = {"": []}, "", 0

    def handle_starttag(self, tag, attrs):
        self.skipped += tag in ("style", "title")
        if tag == "h2":
            self.at = dict(attrs)["id"]
            self.parts[self.at] = []

    def handle_endtag(self, tag):
        self.skipped -= tag in ("style", "title")

    def handle_data(self, data):
        if not self.skipped:
            self.parts[self.at].append(data)


def sections(path) -> dict[str, str]:
    parser = Text()
    parser.feed(path.read_text(encoding="utf-8"))
    return {name: " ".join(" ".join(parts).split()) for name, parts in parser.parts.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Folder of a survey over a leaking replay, the first publication, and no other study."""
    results = tmp_path_factory.mktemp("surveyed") / "results"
    mammoflow(results)
    ordinary(results)
    return results / "survey", command.write(results)


def test_the_answer_counts_what_the_table_has(written):
    _, answer = written
    assert answer == (
        "Two of nine publications were replayed. For two of these, training has copies of test images, and accuracy "
        "was significantly lower without shared sources or patients: 0.21 to 0.22 instead of 0.77 to 0.88. No printed "
        "accuracy holds without copies. Three publications print figures that no confusion matrix has. For four, "
        "neither code nor split is known. Three have not been replayed yet."
    )


def test_without_a_replay_the_answer_says_so(tmp_path):
    answer = page.answer(tables(tmp_path))
    assert answer.startswith("None of nine publications has been replayed yet. Three publications print figures")
    assert answer.endswith("neither code nor split is known. Five can be replayed.")


def test_a_publication_that_holds_is_counted(tmp_path):
    one = "mammoflow_2025"
    rows = [replay(one, "vgg16", one, "own", 0.88, 0.02), replay(one, "vgg16", "by_source", "by_source", 0.87, 0.02)]
    found = {"replays": rows, "replay_leaks": [leak(one, one, same_source=0)]}
    found["replay_figures"] = [{"publication": one, "verdict": "reproduced", "copies": None, "reason": None}]
    write_study(tmp_path, "one", {name: pd.DataFrame(some) for name, some in found.items()})
    answer = page.answer(tables(tmp_path))
    assert answer.startswith(
        "One of nine publications was replayed. For this publication, accuracy under the publication's own split was "
        "not significantly higher than without copies in training. The printed accuracy of one holds without copies."
    )
    assert answer.endswith("Four have not been replayed yet.")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"replayed": 1}, "One of nine publications was replayed. For this publication, training has copies"),
        ({"leak": 0}, "For none of these, accuracy under the publication's own split was significantly higher"),
        ({"own": (0.8, 0.8)}, "0.20 to 0.30 instead of 0.80."),
        ({"impossible": 1}, "One publication prints figures that no confusion matrix has."),
        ({"open": 1}, "One has not been replayed yet."),
        ({"open": 1, "replayed": 0}, "One can be replayed."),
    ],
)
def test_the_answer_follows_the_counts(changed, words):
    counts = {"n": 9, "replayed": 3, "leak": 2, "holds": 0, "impossible": 0, "unknown": 0, "open": 0}
    plain = page.WORDS.text("answer", **counts, own=(0.7, 0.8), honest=(0.2, 0.3))
    assert plain.startswith("Three of nine publications were replayed. For two of these, training has copies")
    assert plain.endswith("No printed accuracy holds without copies.")
    assert words in page.WORDS.text("answer", **{**counts, "own": (0.7, 0.8), "honest": (0.2, 0.3)} | changed)


def test_replays_that_are_reduced_are_counted():
    assert page.WORDS.text("reduced", n=1).startswith("1 replay is reduced: ")
    assert page.WORDS.text("reduced", n=2).startswith("2 replays are reduced: ")


def test_what_is_printed_and_replayed_is_told_as_far_as_it_is_known():
    row = {"printed": 0.9, "variant": "cnn", "printed_where": "abstract", "n_printed": 1, "figures_checked": 1}
    checks = {"shown": "0.90", "possible": 1, "impossible": 0, "open": 0}
    assert page.WORDS.text("printed", row=row, **checks) == (
        "Accuracy 0.90 (cnn; abstract). The figures were checked by arithmetic (1 check): 1 possible, 0 impossible, 0 "
        "not evaluable."
    )
    other = row | {"printed": None, "n_printed": 2, "figures_checked": 0}
    assert page.WORDS.text("printed", row=other, **checks) == (
        "No accuracy over all classes; 2 figures of other kinds. No figure was checked by arithmetic."
    )
    run = {"variant": "cnn", "study": "one", "reduced": "64 of 224 px", "replayed": 0.5, "replayed_low": 0.4}
    run |= {"replayed_high": 0.6, "replayed_minimum": 0.45, "replayed_maximum": 0.55, "permuted": 0.3}
    run |= {"reproduced": 0, "not_reproduced": 1, "not_evaluable": 2}
    assert page.WORDS.text("replayed", row=run) == (
        "cnn was replayed in study one, reduced (64 of 224 px). Accuracy was 0.50 (95% CI 0.40 to 0.60; 0.45 to 0.55 "
        "over random seeds). With permuted labels, accuracy under the same split was 0.30. Of the printed figures, 0 "
        "were reproduced, 1 was not reproduced, and 2 were not evaluable."
    )
    single = run | {"reduced": "", "replayed_maximum": 0.45, "permuted": None}
    assert page.WORDS.text("replayed", row=single).startswith(
        "cnn was replayed in study one. Accuracy was 0.50 (95% CI 0.40 to 0.60). Of the printed figures"
    )


def test_the_best_honest_accuracy_is_told_with_its_data():
    row = {"ceiling": 0.3, "ceiling_low": 0.2, "ceiling_high": 0.4, "ceiling_model": "vgg16", "ceiling_classes": 8}
    row |= {"ceiling_study": "one", "ceiling_auc": None, "classes": 8}
    for same, words in ((True, "On the same data, "), (False, "On data of the same name, ")):
        assert page.WORDS.text("no_replay", row=row, same_data=same, auc="") == (
            f"Nothing: neither code nor split is known. {words}the best accuracy by patient of any model measured here "
            "was 0.30 (95% CI 0.20 to 0.40; vgg16, 8 classes, study one). Without the split, it cannot be tested "
            "whether the printed figure is due to copies in training."
        )
    nothing = page.WORDS.text("no_replay", row=row | {"ceiling": None}, same_data=True, auc="")
    assert nothing.endswith("No model was measured here on these data and classes.")


def test_numbers_of_copies_that_fit_are_named():
    assert page.WORDS.text("copies", n=1, fitting=[54]) == "The table counts test files of the publication's own split."
    assert "1 of 3 numbers tried gives the printed counts (1,054 copies)." in page.WORDS.text(
        "copies", n=3, fitting=[1054]
    )
    assert "0 of 3 numbers tried give the printed counts. The table" in page.WORDS.text("copies", n=3, fitting=[])


def test_every_publication_has_a_section_with_its_verdict_and_command(written):
    found = sections(written[0] / "survey.html")
    assert {"rules", *publication.names()} < set(found)
    assert "leak : 1,145 of 1,145 test files have a copy in training" in found["mammoflow_2025"]
    assert "2 of 3 numbers tried give the printed counts (27 and 54 copies)" in found["mammoflow_2025"]
    assert "snakemake --cores 2 --config study=survey_inbreast data=PATH" in found["mammoflow_2025"]
    assert "What they did. All copies of a film were made first." in found["mammoflow_2025"]
    assert "1 was reproduced, 1 was not reproduced, and 1 was not evaluable." in found["mammoflow_2025"]
    assert "accuracy 0.8885 and accuracy 0.80 are all the accuracy" in found["learntocode_2022"]
    assert "no study has replayed this publication" in found["jimenez_2024"]
    assert "best accuracy by patient of any model measured here was 0.31" in found["esen_2025"]
    assert "The classes of the publication are not known." in found["esen_2025"]
    assert "AUC of benign against malignant by patient was 0.62 (95% CI 0.50 to 0.74;" in found["esen_2025"]
    assert "AUC of benign" not in found["jeeemi_2025"]
    assert "No model was measured here on these data" in found["jeeemi_2025"]
    assert not [text for text in found.values() if re.search(r"\b(nan|None|Undefined)\b", text.replace("None of", ""))]


def test_tables_and_figure_are_written(written):
    folder, _ = written
    for name in ("survey.csv", "figures.csv", "leaks.csv", "survey.png", "survey.pdf", "survey.svg"):
        assert (folder / name).stat().st_size
    assert len(pd.read_csv(folder / "survey.csv")) == len(publication.names())


def test_a_second_run_writes_the_same(written):
    folder, _ = written
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command.write(folder.parent)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_latex_compiles(written, tmp_path):
    if not shutil.which("latexmk"):
        pytest.skip("latexmk is not installed")
    shutil.copytree(written[0], tmp_path / "survey")
    latexmk = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "survey_document.tex"]
    done = subprocess.run(latexmk, cwd=tmp_path / "survey", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in (tmp_path / "survey" / "survey_document.log").read_text(errors="replace")


def test_the_paragraphs_of_a_readme_are_found():
    text = "# Title\n\nWords.\n\n**What they did.** First\nline.\n\n**What is reproduced.** By:\n\n    make check\n"
    assert page.paragraphs(text) == {"What they did": "First line.", "What is reproduced": "By:"}
    for name in publication.names():
        readme = publication.find(name).with_name("README.md").read_text()
        assert "What they did" in page.paragraphs(readme), name


def test_the_rule_runs_without_results_and_leaves_studies_alone(tmp_path):
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", "1", "survey"]
    done = subprocess.run(snakemake, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "results/survey/survey.html").is_file()
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["survey"]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_the_page_fits_its_window_and_is_accessible(written, width, scheme):
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.goto((written[0] / "survey.html").resolve().as_uri())
        opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(opened, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]]
        browser.close()


def test_the_forest_plot_has_the_ceiling_only_where_nothing_was_replayed(written):
    table = tables(written[0].parent, ["alves", "esen_2025"])["survey"]
    replayed, unknown = (forest.rows_of(row) for row in table.to_dict("records"))
    assert replayed == ["printed", "replayed", "by_patient", "imagenet_logistic", "majority", "permuted"]
    assert unknown == ["printed", "ceiling"]


def test_the_smallest_text_of_the_forest_plot_is_legible_beside_the_claims(written):
    """An article 1280 pixels wide gives its first figure 430 pixels; text of 11 pixels can be read."""
    use_style()
    figure = forest.forest(tables(written[0].parent)["survey"])
    smallest = min(text.get_fontsize() for text in figure.findobj(plt.Text) if text.get_text())
    assert smallest * 430 / (72 * figure.get_figwidth()) >= 11
    plt.close(figure)
