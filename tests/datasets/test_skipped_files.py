"""What file managers, archivers and NAS leave, and masks beside images: skipped, counted, said."""

import zipfile

import pytest
from datasets_input import WHOLE, both_classes, own, write

from benchmarks.datasets._files import Files

LEFT = {
    "@eaDir/benign/whole.png@SynoEAStream": "left by a Synology NAS",
    "benign/@eaDir/whole.png/SYNOPHOTO_THUMB_M.jpg": "left by a Synology NAS",
    "__MACOSX/benign/._whole.png": "left by macOS",
    "benign/._whole.png": "left by macOS",
    ".DS_Store": "left by macOS",
    "malignant/.ipynb_checkpoints/whole-checkpoint.png": "left by Jupyter",
    "malignant/Thumbs.db": "left by Windows",
    "Desktop.ini": "left by Windows",
    ".hidden/a.png": "hidden",
    "benign/whole_mask.png": "masks beside their images",
    "benign/whole_mask_1.png": "masks beside their images",
}


@pytest.mark.parametrize("method", [None, zipfile.ZIP_STORED])
def test_leftovers_and_masks_are_skipped_and_counted(tmp_path, method):
    data = write(tmp_path / "data", both_classes(dict.fromkeys(LEFT, WHOLE)), method)
    dataset = own(data)
    assert dataset.samples["file"].tolist() == ["benign/whole.png", "malignant/whole.png"]
    assert Files(data).skipped() == LEFT
    (note,) = dataset.notes
    assert note.startswith("11 files were skipped: ") and "2 left by Windows (Desktop.ini, malignant/Thumbs.db)" in note
    assert "2 masks beside their images (benign/whole_mask.png, benign/whole_mask_1.png)" in note


def test_folders_that_are_skipped_are_no_empty_classes(tmp_path):
    data = write(tmp_path / "data", both_classes({}))
    for name in ("@eaDir", "benign/@eaDir", ".ipynb_checkpoints"):
        (data / name).mkdir()
    dataset = own(data)
    assert dataset.classes == ["benign", "malignant"] and dataset.notes == ()


def test_a_mask_without_its_image_is_an_image(tmp_path):
    names = ["other_mask.png", "whole_mask_of.png", "mask.png", "whole (1)_mask.png", "notes_mask.png"]
    contents = {f"benign/{name}": WHOLE for name in names} | {"benign/notes.txt": b"", "malignant/other.png": WHOLE}
    data = write(tmp_path / "data", both_classes(contents))
    assert len(own(data).samples) == 8 and Files(data).skipped() == {}
