import dataclasses
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from synthetic_results import NOT_CALIBRATED, write_results

from analysis.claims import claims
from analysis.figures import figures
from analysis.names import named
from analysis.tidy import read_table
from benchmarks.errors import BadInput
from benchmarks.study.study import load_study
from reports import provenance, render
from reports.article.length import count
from reports.results import Results
from reports.supplement import supplement

pytestmark = pytest.mark.slow

NASTY = ("a_b & <script>alert(1)</script>", "50 % $x^2$ {#} ~\\undefined", "breast [@nobody] \N{EN DASH} 乳 'é'")


class Page(HTMLParser):
    """What a browser would see: links, resources, scripts, text and tables (rows of cell texts by the table's id)."""

    def __init__(self, source: str):
        super().__init__()
        self.links, self.resources, self.scripts, self.ids, self.tables = [], [], [], [], {}
        self.styles, self.text, self._inside, self._table = "", "", [], None
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in ("meta", "img", "br", "wbr", "link"):
            self._inside.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])
        self.resources += [
            attributes[key] for key in ("src", "srcset", "data", "poster", "action") if key in attributes
        ]
        if tag == "link":
            self.resources.append(attributes["href"])
        if tag == "script":
            self.scripts.append("")
        if tag == "table":
            self._table = self.tables.setdefault(attributes["id"], [])
        if tag == "tr":
            self._table.append([])
        if tag in ("td", "th"):
            self._table[-1].append("")
        if tag == "small":
            self._table[-1][-1] += "|"

    def handle_endtag(self, tag):
        assert self._inside.pop() == tag

    def handle_data(self, data):
        if "script" in self._inside:
            self.scripts[-1] += data
        elif "style" in self._inside:
            self.styles += data
        else:
            data = data.replace("\xa0", " ")
            self.text += data
            if {"td", "th"} & set(self._inside):
                self._table[-1][-1] += data


def produce(folder: Path, monkeypatch, **options):
    monkeypatch.chdir(folder)
    write_results(folder, **options)
    study = load_study("synthetic.yaml")
    figures.draw(study)
    told = provenance.collect(study)
    (study.results() / "provenance.json").write_text(json.dumps(told))
    render.render(study)
    return study


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of two architectures and all protocols on the published data set, rendered."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        study = produce(
            tmp_path_factory.mktemp("made"),
            monkeypatch,
            architectures=("simple", "vgg16"),
            dataset="mendeley_inbreast",
            n_folds=2,
        )
        yield study


@pytest.fixture(scope="module")
def page(made):
    """The supplement."""
    return read(made, "supplement")


@pytest.fixture(scope="module")
def article(made):
    return read(made, "report")


def read(study, name: str) -> Page:
    return Page((study.results() / f"report/{name}.html").read_text())


def compile_tex(study, name: str) -> str:
    if not shutil.which("latexmk"):
        pytest.skip("latexmk is not installed")
    folder = study.results() / "report"
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-cd", str(folder / f"{name}.tex")]
    done = subprocess.run(command, capture_output=True, text=True)
    log = (folder / f"{name}.log").read_text(errors="replace")
    assert done.returncode == 0, log[-3000:]
    return log


def overfull(log: str) -> list[float]:
    """By how many points each overfull line sticks out."""
    return [float(line.split("(")[1].split("pt")[0]) for line in log.splitlines() if line.startswith("Overfull \\hbox")]


@pytest.mark.parametrize("name", ["report", "supplement"])
def test_html_needs_nothing_beside_itself(made, name):
    page = read(made, name)
    assert page.resources and all(resource.startswith("data:image/svg+xml,") for resource in page.resources)
    assert "url(" not in page.styles and "@import" not in page.styles
    assert len(page.scripts) == 1
    assert not [word for word in ("fetch", "import", "XMLHttp", "http") if word in page.scripts[0]]


def test_every_link_leads_somewhere(made, page, article):
    report = made.results() / "report"
    ids = {"report.html": article.ids, "supplement.html": page.ids}
    for name, own in (("report.html", article), ("supplement.html", page)):
        assert len(own.ids) == len(set(own.ids))
        for link in own.links:
            file, _, anchor = link.partition("#")
            if anchor:
                assert anchor in ids[file or name], link
            elif not link.startswith("https://doi.org/10."):
                assert (report / file).is_file(), link
    # Each leads to the other; the article's scores to the cells behind them.
    assert "report.html" in page.links
    assert {"supplement.html", "supplement.html#leakage"} <= set(article.links)


def test_html_is_small_enough_to_send(made):
    assert (made.results() / "report/report.html").stat().st_size < 2e6
    assert (made.results() / "report/supplement.html").stat().st_size < 15e6


def test_the_article_has_the_numbers_of_the_supplement(article, page):
    tables = page.tables["table-headline"], article.tables["table-article-scores"]
    whole, short = ({tuple(row[:2]): row[header.index("accuracy")] for row in rows} for header, *rows in tables)
    # The article compares the published split with the strictest honest one.
    assert short == {key: value for key, value in whole.items() if key[0] in ("published", "by_patient")}
    header, *rows = page.tables["table-leakage"]
    found = header.index("copy found in pixels")
    copied = {row[0]: row[found].split(" ")[0] for row in rows if row[1].startswith("test")}
    assert {row[0]: row[4] for row in article.tables["table-article-leakage"][1:]} == copied


def test_the_article_is_short(made):
    text = (made.results() / "report/report.html").read_text()
    words, abstract = count(text)
    assert words < 9000 and 100 < abstract <= 250
    # A page with one more word in its abstract has one more word in all.
    assert count(text.replace("Purpose.", "Purpose. More")) == (words + 1, abstract + 1)


def test_headline_numbers_are_those_of_the_csv(made, page):
    table = read_table(made.results(), "headline")
    rows = page.tables["table-headline"][1:]
    order = {"protocol": made.protocols, "architecture": made.compared()}
    expected = table.sort_values([*order], key=lambda column: column.map(order[column.name].index))
    for shown, (_, row) in zip(rows, expected.iterrows(), strict=True):
        assert shown[1] == named(row["architecture"])
        assert shown[2] == f"{row['n_samples']}|{row['n_units']} patients"
        assert shown[3] == f"{row['accuracy']:.2f}|{row['ci_low']:.2f} to {row['ci_high']:.2f}"
        assert shown[4] == f"{row['majority_accuracy']:.2f}"
        for place, name in ((5, "severity_auc"), (6, "density_accuracy"), (7, "density_kappa")):
            known = f"{row[name]:.2f}|{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}"
            assert shown[place] == ("not evaluable" if pd.isna(row[name]) else known)
        assert shown[8] == row["skill"]
    verdicts = [row[3] for row in page.tables["table-majority"][1:]]
    assert verdicts == expected["verdict"].tolist()


def test_scores_and_classes_are_those_of_the_csv(made, page):
    scores = read_table(made.results(), "scores")
    row = scores[(scores["architecture"] == "vgg16") & (scores["protocol"] == "by_patient")]
    row = row[(row["task"] == "density") & (row["metric"] == "macro_f1")].iloc[0]
    header, *rows = page.tables["table-density-by_patient"]
    shown = next(cells for cells in rows if cells[0] == "VGG16")[header.index("macro F1")]
    assert shown == f"{row['estimate']:.2f}|{row['ci_low']:.2f} to {row['ci_high']:.2f}"
    header, *rows = page.tables["table-severity-published"]
    for name in ("AUC within folds", "pooled AUC"):
        assert {cells[header.index(name)] for cells in rows} == {"not evaluable"}
    # The ROC curves and the reliability diagrams of by_patient say so.
    assert page.text.count(f"{named(next(iter(made.architectures)))}: {NOT_CALIBRATED}.") == 2
    per_class = read_table(made.results(), "per_class")
    chosen = per_class[(per_class["protocol"] == "published") & (per_class["architecture"] == "simple")]
    header, *rows = page.tables["table-classes-published"]
    shown = [cells[header.index("precision")] for cells in rows if cells[1] == "Simple CNN"]
    assert shown == [f"{value:.2f}" for value in chosen["precision"]]
    shown = [cells[header.index("recall")] for cells in rows if cells[1] == "Simple CNN"]
    assert shown == [f"{r.recall:.2f}|{r.recall_low:.2f} to {r.recall_high:.2f}" for r in chosen.itertuples()]


def test_verdicts_need_skill(made, page, article):
    """Under the published protocol, vgg16 has none: no verdict, in words, table and matrix."""
    bias = read_table(made.results(), "bias")
    assert set(bias.loc[(bias["architecture"] == "vgg16") & (bias["protocol"] == "published"), "note"]) == {"no skill"}
    header, *rows = page.tables["table-bias-published"]
    assert {row[header.index("VGG16")] for row in rows if "|" in row[header.index("VGG16")]} == {
        "not evaluable|no skill"
    }
    assert any(row[header.index("Simple CNN")].startswith("flagged") for row in rows)
    assert "Not evaluable: no skill (VGG16)." in page.text
    counts = [(bias[name] == "flagged").sum() for name in ("verdict", "verdict_before_skill")]
    assert counts[0] < counts[1]
    assert f"Models without skill were not judged: {counts[0]} flagged ({counts[1]} without this rule)" in page.text
    assert "All 2 architectures had skill (performance better than chance)." in article.text


def test_folds_show_what_training_has_seen(page):
    rows = {tuple(row[1:4]): row for row in page.tables["table-each-fold"][1:4]}
    assert rows["0", "0", "test"][7:9] == ["42 of 42", "42 of 42"]
    rows = {tuple(row[:2]): row for row in page.tables["table-folds"][1:]}
    assert rows["published", "test"][2:] == ["1", "42", "42", "42 of 42", "42 of 42"]


def test_claims_are_judged_where_the_study_names_them(article, page, tmp_path, monkeypatch):
    assert page.tables["table-as-published"][5][0] == "Simple CNN" and page.tables["table-as-published"][5][5] == "0.98"
    verdicts = article.tables["table-verdicts"]
    assert [row[1] for row in verdicts[1:]] == [claims.ONLY_WITH_LEAKAGE, claims.CONTRADICTED]
    row = page.tables["table-claims"][1]
    assert row[1] == "0.98" and row[4].startswith(claims.ONLY_WITH_LEAKAGE)
    study = produce(tmp_path, monkeypatch, architectures=("simple",), classes=("a", "b"), n_folds=2, judged=False)
    pages = [read(study, "report"), read(study, "supplement")]
    assert not {"table-as-published", "table-verdicts", "table-claims"} & {name for one in pages for name in one.tables}
    assert all("say nothing about mammograms" in one.text for one in pages)


def test_report_is_the_same_twice(made):
    folder = made.results() / "report"
    names = ("report.html", "report.tex", "supplement.html", "supplement.tex")
    first = [(folder / name).read_bytes() for name in names]
    render.render(made)
    assert [(folder / name).read_bytes() for name in names] == first


@pytest.mark.parametrize("name", ["report", "supplement"])
def test_no_citation_is_left_over(made, name):
    assert "[@" not in read(made, name).text
    assert "[@" not in (made.results() / f"report/{name}.tex").read_text()


@pytest.mark.parametrize("name", ["report", "supplement"])
def test_pdf_compiles_without_overfull_lines(made, name):
    log = compile_tex(made, name)
    assert not overfull(log)
    assert not [line for line in log.splitlines() if "Warning" in line or "undefined" in line]


def test_tables_and_figures_can_be_used_in_a_manuscript(made, tmp_path):
    if not shutil.which("latexmk"):
        pytest.skip("latexmk is not installed")
    results = made.results()
    for folder in ("tables", "figures", "report"):
        shutil.copytree(results / folder, tmp_path / folder)
    names = sorted(path.name for path in (results / "tables").glob("*.tex"))
    assert {"headline.tex", "classes-by_patient.tex", "each-fold.tex", "fold-accuracies.tex"} <= set(names)
    lines = [r"\documentclass{article}", r"\usepackage{mammobench}", r"\begin{document}"]
    lines += [rf"\input{{../tables/{name}}}\clearpage" for name in names]
    lines += [rf"\includegraphics[width=.5\textwidth]{{../figures/{path.name}}}" for path in figures_of(results)]
    lines += [r"\bibliographystyle{unsrtnat}\bibliography{references}", r"\end{document}"]
    (tmp_path / "report/mine.tex").write_text("\n".join(lines))
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "mine.tex"]
    done = subprocess.run(command, cwd=tmp_path / "report", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


def figures_of(results: Path) -> list[Path]:
    return sorted((results / "figures").glob("*.pdf"))


def test_text_from_data_does_no_harm(tmp_path, monkeypatch):
    study = produce(
        tmp_path,
        monkeypatch,
        architectures=("simple",),
        classes=NASTY,
        protocols=("published", "by_patient"),
        n_folds=2,
    )
    page = read(study, "supplement")
    assert len(page.scripts) == 1 and "alert" not in page.scripts[0]
    assert {row[0] for row in page.tables["table-data"]} >= set(NASTY)
    compile_tex(study, "report")
    compile_tex(study, "supplement")
    if shutil.which("pdftotext"):
        pdf = study.results() / "report/supplement.pdf"
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True).stdout
        assert "a_b & <script>alert(1)</script>" in text
        assert "50 % $x^2$ {#} ~\\undefined" in text
        assert "[@nobody]" in text and "[U+4E73]" in text


@pytest.mark.parametrize(
    ("options", "absent", "present"),
    [
        (
            {"protocols": ("published",)},
            ["table-inflation", "table-chosen"],
            "Without a protocol that keeps sources",
        ),
        ({"protocols": ("by_source",)}, ["table-inflation"], "When training and test images shared no source image"),
        (
            {"factors": False, "patients": False, "boxes": False, "protocols": ("by_source",)},
            ["table-severity-by_source", "table-density-by_source"],
            "Patients are unknown",
        ),
    ],
)
def test_what_is_missing_is_left_out(options, absent, present, tmp_path, monkeypatch):
    study = produce(tmp_path, monkeypatch, architectures=("simple",), classes=("x", "y", "z"), n_folds=2, **options)
    page = read(study, "supplement")
    assert not set(absent) & set(page.tables)
    assert present in page.text + read(study, "report").text
    compile_tex(study, "report")
    compile_tex(study, "supplement")


def test_missing_figures_and_tables_are_named(made):
    study = dataclasses.replace(made, name="copied")
    shutil.copytree(made.results(), study.results())
    (study.results() / "figures/headline.svg").unlink()
    with pytest.raises(BadInput, match=r"headline\.svg is missing"):
        render.render(study)
    (study.results() / "tables/folds.csv").unlink()
    with pytest.raises(BadInput, match=r"folds\.csv is missing"):
        supplement(Results(study))
