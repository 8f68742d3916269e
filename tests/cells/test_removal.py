"""A killed removal of a search's folder leaves no half of it, which the next run would take for a search."""

import shutil

import pytest

from benchmarks import stored


def state(folder):
    for name in ("trial_0/trial.json", "trial_1/trial.json", "oracle.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    return folder


def test_a_folder_that_a_killed_removal_has_begun_is_gone_and_the_next_removal_cleans_up(tmp_path, monkeypatch):
    folder = state(tmp_path / "search" / "0-abc")
    remove = shutil.rmtree

    def killed(path, ignore_errors=False):
        if path.is_dir():
            remove(path / "trial_0")
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", killed)
        stored.remove(folder)
    assert not folder.exists() and [*folder.parent.iterdir()]
    stored.remove(state(folder))
    assert not [*folder.parent.iterdir()]
    stored.remove(folder)  # nothing to remove is no error
