"""Pictures taken out of figures and report, the refusal of unfinished studies, and missing data behind a note."""

import json
from pathlib import Path

import pytest
from test_workflow import TINY, write_study

from benchmarks.archive.files import Packed
from benchmarks.archive.finished import check_finished, finished_study
from benchmarks.archive.package import METADATA, write
from benchmarks.archive.pictures import has_pictures, without_pictures
from benchmarks.errors import BadInput
from benchmarks.run.archived import NOTE, recorded_digest
from benchmarks.study.study import load_study

LINES = "data:image/svg+xml,%3Csvg%3E%3Cpath d='M0,0'/%3E%3C/svg%3E"
FILM = "data:image/svg+xml,%3Csvg%3E%3Cimage xlink:href='data:image/png;base64,iVBORw0KGgo='/%3E%3C/svg%3E"


def test_figures_with_films_are_replaced_and_drawings_stay(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(f'<img src="{LINES}" alt="curve"><p>text</p><img src="{FILM}" alt="film"><img src="{LINES}">')
    assert has_pictures(page)
    kept = without_pictures(page).decode()
    assert kept.count(LINES) == 2 and "base64" not in kept and 'alt="film"' in kept and "<p>text</p>" in kept
    figure = tmp_path / "figure.svg"
    figure.write_text("<svg><path/></svg>")
    assert not has_pictures(figure) and not has_pictures(tmp_path / "missing.svg")
    figure.write_text('<svg><image xlink:href="data:image/png;base64,iVBORw0KGgo="/></svg>')
    assert has_pictures(figure) and b"base64" not in without_pictures(figure)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """The working directory, with a study that has not run."""
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, **TINY)
    return tmp_path


def test_a_study_that_has_not_run_is_refused(place):
    with pytest.raises(BadInput, match=r"results/small/provenance.json is missing: finish the study first"):
        finished_study("small.yaml", None)


def test_a_refusal_lists_all_that_is_missing(place):
    (place / "results/small").mkdir(parents=True)
    (place / "results/small/failures.json").write_text("{}")
    with pytest.raises(BadInput) as refusal:
        check_finished(load_study("small.yaml"))
    for words in ("report/report.html is missing", "cell simple/by_patient/0: waiting", "failures.json lists"):
        assert words in str(refusal.value)


def test_the_changes_of_the_run_and_the_place_of_its_data_are_read_from_its_record(place):
    (place / "results/small").mkdir(parents=True)
    recorded = {"study": {"overrides": {"folds": 3}}, "data": {"data": None}}
    (place / "results/small/provenance.json").write_text(json.dumps(recorded))
    assert finished_study("small.yaml", None).folds == 3


def test_missing_data_are_an_error_unless_an_archive_notes_their_digest(place):
    write_study(place, **TINY | {"dataset": {"name": "image_folder"}})
    study = load_study("small.yaml")
    with pytest.raises(BadInput):
        recorded_digest(study)
    study.results().mkdir(parents=True)
    (study.results() / NOTE).write_text('{"data": "0123456789abcdef"}')
    assert recorded_digest(study) == "0123456789abcdef"
    with pytest.raises(BadInput):
        recorded_digest(load_study("small.yaml", "nowhere"))


def test_an_archive_is_written_whole_with_the_time_stamps_of_its_files(tmp_path):
    path = tmp_path / "out/study.zip"
    write(path, {"@graph": []}, [Packed("a/b.txt", b"text", 1_700_000_001.7)])
    from zipfile import ZipFile

    with ZipFile(path) as packed:
        assert packed.namelist() == [METADATA, "a/b.txt"] and packed.read("a/b.txt") == b"text"
        # 22:13:21 UTC; a zip counts in steps of two seconds.
        assert packed.getinfo("a/b.txt").date_time == (2023, 11, 14, 22, 13, 20)
    assert [one.name for one in path.parent.iterdir()] == ["study.zip"]
