"""Leakage audit of two folders of images: a verdict, the pairs as CSV, and an HTML page with a contact sheet.

Writes into the output folder

    leakage_pairs.csv   test_file, train_file, similarity, transform, mirrored, rotation, scale, shift, overlap,
                        grey_difference, test_label, train_label, code: the most similar training image of each test
                        image that has a copy there, or else a frame of its scan
    conflicts.csv       file, label, n_agree, n_disagree, partner, partner_label, similarity, transform, code:
                        files whose copies in the other folder mostly have another label; the label is the folder of a
                        file
    leakage.html        verdict, contact sheet and tables in one file
"""

import base64
import dataclasses
import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis.audit.codes import OF_COLUMN, OF_KIND
from analysis.audit.contact_sheet import contact_sheet, signature, strongest
from analysis.audit.page import rendered
from analysis.audit.partners import IDENTICAL, NEAR_DUPLICATE, Pictures, partners
from analysis.drawing.style import use_style
from benchmarks.copies.registration import LEAST_OF_COPY, SAME_SCAN
from benchmarks.copies.rigid import THRESHOLD
from benchmarks.datasets._files import Files
from benchmarks.errors import BadInput, refuse

SUFFIXES = (".png", ".jpg", ".jpeg", ".pgm")
SHOWN = 10  # pairs on the screen
ON_SHEET = 12
PAIR_COLUMNS = [
    *("test_file", "train_file", "similarity", "transform", "mirrored", "rotation", "scale", "shift", "overlap"),
    *("grey_difference", "test_label", "train_label", "code"),
]


@dataclasses.dataclass(frozen=True)
class Finding:
    """Content of the page and the screen."""

    train: Path
    test: Path
    n_train: int
    n_test: int
    pairs: pd.DataFrame
    conflicts: pd.DataFrame
    flat: list[str]
    ignored: list[str]

    @property
    def verdict(self) -> str:
        """Whether there is a leak, and the share of the test images."""
        share = f"{len(self.pairs):,} of {self.n_test:,} test images ({len(self.pairs) / self.n_test:.1%})"
        start = "LEAK" if len(self.pairs) else "No leak found"
        return f"{start}: {share} have a copy, or a frame of their scan, among the {self.n_train:,} training images."

    @property
    def by_transform(self) -> dict[str, int]:
        """Number of test images by kind of transform."""
        return self.pairs["transform"].map(signature).value_counts().to_dict()

    @property
    def notes(self) -> list[str]:
        """Limits of the verdict."""
        notes = [
            "Looked for: identical, turned, mirrored, cropped, zoomed, shifted, sheared, contrast-enhanced, rescaled "
            "and recompressed copies, and frames of one scan. Other images of a patient are not found."
        ]
        if self.flat:
            notes.append(f"{len(self.flat)} images without texture can't be compared, such as {self.flat[0]}.")
        if self.ignored:
            notes.append(f"{len(self.ignored)} files are no {'/'.join(SUFFIXES)}, such as {self.ignored[0]}.")
        return notes


def audit_folders(train: Path, test: Path, out: Path) -> bool:
    """Compare all images below `test` with all below `train`, print the verdict, write pairs and page to `out`.

    Returns whether there is a leak. Raises BadInput if a folder is missing, has no images or lies inside the other, or
    if images can't be read.
    """
    found, ignored = zip(_samples(train), _samples(test), strict=True)
    for one, other in ((train, test), (test, train)):
        if one.resolve().is_relative_to(other.resolve()):
            raise BadInput(f"{one} lies inside {other}: each of its images is its own copy; pass two separate folders")
    samples = pd.concat(found, ignore_index=True)
    pictures = _pictures(samples, n_train=len(found[0]))
    pairs = partners(*found, pictures.pairs)
    pairs = pairs[pairs["kind"].isin([NEAR_DUPLICATE, SAME_SCAN])].drop_duplicates("sample_b")  # sorted: copies first
    pairs = pictures.explained(pairs).assign(part_a="train", part_b="test")
    pairs = pairs.sort_values(["similarity", "sample_b"], ascending=[False, True])
    labels = samples.set_index("sample")["label"]
    pairs = pairs.assign(test_label=pairs["sample_b"].map(labels), train_label=pairs["sample_a"].map(labels))
    names = {"sample_a": "train_file", "sample_b": "test_file"}
    codes = np.where(pairs["transform"] == IDENTICAL, OF_KIND["pixel_identical"], pairs["kind"].map(OF_KIND))
    pairs = pairs.assign(code=codes)
    conflicts = pictures.conflicts(samples).assign(code=OF_COLUMN["label"]).drop(columns="column")
    finding = Finding(
        train=train,
        test=test,
        n_train=len(found[0]),
        n_test=len(found[1]),
        pairs=pairs.rename(columns=names),
        conflicts=conflicts.rename(columns={"sample": "file", "value": "label", "partner_value": "partner_label"}),
        flat=pictures.flat(),
        ignored=ignored[0] + ignored[1],
    )
    out.mkdir(parents=True, exist_ok=True)
    finding.pairs[PAIR_COLUMNS].to_csv(out / "leakage_pairs.csv", index=False, float_format="%.4g")
    finding.conflicts.to_csv(out / "conflicts.csv", index=False, float_format="%.4g")
    page = rendered(
        "leakage.html.j2",
        finding=finding,
        sheet=_sheet(pairs, pictures),
        threshold=THRESHOLD,
        threshold_warped=LEAST_OF_COPY,
    )
    (out / "leakage.html").write_text(page, encoding="utf-8")
    _print(finding)
    print(f"Pairs and page: {out}")
    return len(pairs) > 0


def _samples(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return a table of the images below `folder`, as `partners` and `conflicts` take it, and names of other files."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; pass two folders of images ({', '.join(SUFFIXES)})")
    names = Files(folder).under("")
    images = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not images:
        raise BadInput(f"{folder}: {len(names)} files, none of them an image ({', '.join(SUFFIXES)})")
    table = pd.DataFrame({"file": images, "folder": folder, "source": None, "patient": None, "md5": None})
    table["sample"] = [str(folder / name) for name in images]
    table["label"] = [str(Path(name).parent) if "/" in name else None for name in images]
    return table, [str(folder / name) for name in names if not name.lower().endswith(SUFFIXES)]


def _pictures(samples: pd.DataFrame, n_train: int) -> Pictures:
    files = {folder: Files(folder) for folder in samples["folder"].unique()}
    place = {row.sample: (files[row.folder], row.file) for row in samples.itertuples()}
    unreadable = []

    def read(name: str) -> np.ndarray:
        folder, file = place[name]
        try:
            return folder.image(file)
        except BadInput as error:
            unreadable.append(f"{folder.root}: {error}")
            return np.zeros((1, 1), dtype=np.uint8)

    pictures = Pictures(samples["sample"].tolist(), read, n_train)
    refuse("images that can't be read:", unreadable)
    return pictures


def _sheet(pairs: pd.DataFrame, pictures: Pictures) -> str:
    """Return the contact sheet of the strongest pairs as PNG in base64, empty without pairs."""
    if pairs.empty:
        return ""
    use_style()
    figure = contact_sheet(strongest(pairs, ON_SHEET), pictures.read)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150)
    plt.close(figure)
    return base64.b64encode(content.getvalue()).decode()


def _print(finding: Finding) -> None:
    print(finding.verdict)
    for transform, number in finding.by_transform.items():
        print(f"  {number:6,}  {transform}")
    for pair in finding.pairs.head(SHOWN).itertuples():
        print(f"  {pair.test_file} <- {pair.train_file}: {pair.transform} (similarity {pair.similarity:.3f})")
    if len(finding.pairs) > SHOWN:
        print(f"  and {len(finding.pairs) - SHOWN:,} more")
    for row in finding.conflicts.head(SHOWN).itertuples():
        print(f"Under two labels: {row.file} in {row.label}, its copy {row.partner} in {row.partner_label}")
    print(*finding.notes, sep="\n")
