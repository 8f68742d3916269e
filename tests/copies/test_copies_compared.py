"""Comparison of searches for copies: the changes are what they are called, and the counts those of the pairs."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from textures import texture

from analysis.copies_compared import CHANGES, answer, judged, write_films
from analysis.copy_tools import TOOLS
from benchmarks.errors import BadInput

SIDE = 100
SQUARE = np.zeros((SIDE, SIDE), np.uint8)
SQUARE[40:60, 30:50] = 200  # rows 40 to 59, columns 30 to 49


def changed(kind: str, film: np.ndarray = SQUARE, seed: int = 0) -> np.ndarray:
    return CHANGES[kind](film, np.random.default_rng(seed))


def extent(film: np.ndarray) -> tuple[float, float, float, float]:
    """Return top, bottom, left and right of what is brighter than half of the square."""
    rows, columns = np.nonzero(film > 100)
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_changes_are_what_they_are_called():
    np.testing.assert_array_equal(changed("identical"), SQUARE)
    np.testing.assert_array_equal(changed("mirrored"), SQUARE[:, ::-1])
    np.testing.assert_array_equal(changed("rotated by 90 degrees"), np.rot90(SQUARE))
    assert changed("halved").shape == (50, 50)
    kept = changed("cropped to 80% of the area")
    assert kept.size / SQUARE.size == pytest.approx(0.8, abs=0.02)
    # 10 pixels along both axes, up or down, left or right
    top, bottom, left, right = extent(changed("shifted by 10%"))
    assert (abs(top - 40), abs(bottom - 59), abs(left - 30), abs(right - 49)) == (10, 10, 10, 10)
    # About the centre, between pixels 49 and 50: column 30's left edge is 20 before the centre and becomes 24.
    assert extent(changed("zoomed by 1.2")) == pytest.approx((38, 61, 26, 49), abs=1)
    # A bar across the film: its first and last row are 99 apart.
    bar = np.zeros((SIDE, SIDE), np.uint8)
    bar[:, 40:60] = 200
    middle = [np.flatnonzero(row > 100).mean() for row in changed("sheared by 5 degrees", bar)[[0, -1]]]
    assert abs(middle[0] - middle[1]) == pytest.approx(99 * np.tan(np.radians(5)), abs=1)


def test_changes_are_the_same_in_every_run(tmp_path):
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        asked = write_films([texture(0), texture(1)], tmp_path / run)
    assert len(asked) == 2 * len(CHANGES) and set(asked["original"]) == {"0000.png", "0001.png"}
    for file in asked["file"]:
        assert (tmp_path / "one/test" / file).read_bytes() == (tmp_path / "two/test" / file).read_bytes()


def test_found_and_false_pairs_are_counted_by_kind():
    asked = pd.DataFrame(
        [("a.png", "identical", "0.png"), ("b.png", "identical", "1.png"), ("c.png", "mirrored", "0.png")],
        columns=["file", "kind", "original"],
    )
    pairs = [("0.png", "a.png"), ("0.png", "a.png"), ("1.png", "a.png"), ("0.png", "b.png")]
    table = judged(pairs, asked).set_index("kind")
    assert table.loc["identical"].tolist() == [2, 1, 2]  # asked, found, false pairs
    assert table.loc["mirrored"].tolist() == [1, 0, 0]
    assert table.loc["all"].tolist() == [3, 1, 2]


def test_our_search_answers_in_its_own_process(tmp_path):
    asked = write_films([texture(0), texture(1)], tmp_path)
    found = answer("mammobench", tmp_path, tmp_path / "no python")
    table = judged(found["pairs"], asked).set_index("kind")
    assert table.loc["mirrored"].tolist() == [2, 2, 0] and table.loc["all", "false_pairs"] == 0
    assert found["seconds"] > 0 and found["memory_mb"] > 20


def test_a_tool_that_is_not_installed_is_named(tmp_path):
    if importlib.util.find_spec("data_doctor"):
        pytest.skip("vision-data-doctor is installed here")
    write_films([texture(0)], tmp_path)
    with pytest.raises(BadInput, match=r"vision-data-doctor: .*data_doctor.*pip install vision-data-doctor"):
        answer("vision-data-doctor", tmp_path, Path(sys.executable))


def test_the_documented_table_is_the_measured_one():
    measured = pd.read_csv(ROOT / "benchmarks/reference/copies_compared.csv").set_index(["kind", "tool"])
    lines = [line.strip("| ").split(" | ") for line in (ROOT / "docs/copies.md").read_text().splitlines()]
    (tools,) = (cells[1:] for cells in lines if cells[0] == "films found, of 106")
    assert tools == list(TOOLS)
    table = {cells[0]: cells[1:] for cells in lines if len(cells) == len(tools) + 1}
    totals = {"all, of 1,166": "found", "false pairs": "false_pairs", "processor time (s)": "cpu_seconds"}
    shown = {kind: (kind, "found") for kind in CHANGES}
    shown |= {name: ("all", column) for name, column in (totals | {"memory (MB)": "memory_mb"}).items()}
    for name, (kind, column) in shown.items():
        assert [float(cell) for cell in table[name]] == measured.loc[kind].loc[tools, column].tolist(), name
