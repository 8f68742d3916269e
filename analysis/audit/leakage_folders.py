"""Leakage between two plain folders of images: a verdict, the pairs as csv, and one HTML page with a contact sheet.

Writes into the output folder

    leakage_pairs.csv   test_file, train_file, similarity, transform, mirrored, rotation, grey_difference, test_label,
                        train_label: the most similar training image of each test image that has a copy there
    conflicts.csv       file, label, n_agree, n_disagree, partner, partner_label, similarity, transform: files whose
                        copies on the other side mostly lie in a folder of another name
    leakage.html        verdict, contact sheet and tables; needs nothing beside itself
"""

import base64
import dataclasses
import io
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis.audit.contact_sheet import contact_sheet, signature, strongest
from analysis.audit.copies import THRESHOLD
from analysis.audit.partners import NEAR_DUPLICATE, Pictures, conflicts, partners
from analysis.drawing.style import use_style
from benchmarks.datasets._files import Files
from benchmarks.errors import BadInput, listing

SUFFIXES = (".png", ".jpg", ".jpeg", ".pgm")
SHOWN = 10  # pairs on the screen
ON_SHEET = 12


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the page and the screen show."""

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
        """The one sentence that counts."""
        share = f"{len(self.pairs):,} of {self.n_test:,} test images ({len(self.pairs) / self.n_test:.1%})"
        if len(self.pairs):
            return f"LEAK: {share} have a copy among the {self.n_train:,} training images."
        return f"No leak found: {share} have a copy among the {self.n_train:,} training images."

    @property
    def by_transform(self) -> dict[str, int]:
        """How many test images each kind of transform explains."""
        return self.pairs["transform"].map(signature).value_counts().to_dict()

    @property
    def notes(self) -> list[str]:
        """What the verdict does not cover."""
        notes = [
            "Looked for: identical, turned, mirrored, contrast-enhanced, rescaled and recompressed copies. Crops, "
            "zooms and shifts of more than about a hundredth of the side are not found, nor other images of a patient."
        ]
        if self.flat:
            notes.append(f"{len(self.flat)} images without texture can't be compared, such as {self.flat[0]}.")
        if self.ignored:
            notes.append(f"{len(self.ignored)} files are no {'/'.join(SUFFIXES)}, such as {self.ignored[0]}.")
        return notes


def audit_folders(train: Path, test: Path, out: Path) -> bool:
    """Compare all images under `test` with all under `train`; write the pairs and the page to `out`; say the verdict.

    Returns whether there is a leak. Raises BadInput if a folder is missing, without images or inside the other, or with
    the images that can't be read.
    """
    finding = compare(train, test, out)
    print(finding.verdict)
    for transform, number in finding.by_transform.items():
        print(f"  {number:6,}  {transform}")
    for pair in finding.pairs.head(SHOWN).itertuples():
        print(f"  {pair.test_file} <- {pair.train_file}: {pair.transform} (similarity {pair.similarity:.3f})")
    if len(finding.pairs) > SHOWN:
        print(f"  and {len(finding.pairs) - SHOWN:,} more")
    for row in finding.conflicts.head(SHOWN).itertuples():
        print(f"Under two labels: {row.file} in {row.label}, its copy {row.partner} in {row.partner_label}")
    print(*finding.notes, f"Pairs and page: {out}", sep="\n")
    return bool(len(finding.pairs))


def compare(train: Path, test: Path, out: Path) -> Finding:
    """The finding of `audit_folders`, written to `out`."""
    listed = {folder: _images(folder) for folder in (train, test)}
    for one, other in ((train, test), (test, train)):
        if one.resolve().is_relative_to(other.resolve()):
            raise BadInput(
                f"{one} lies inside {other}: every image in it would be its own copy; pass two folders apart"
            )
    samples = pd.concat([_table(folder, names) for folder, (names, _) in listed.items()], ignore_index=True)
    a, b = (samples[samples["folder"] == folder] for folder in (train, test))
    files = {folder: Files(folder) for folder in listed}
    read = {row.sample: (files[row.folder], row.file) for row in samples.itertuples()}
    pictures = _pictures(samples["sample"].tolist(), read, len(a))
    found = partners(a, b, pictures.pairs)
    near = pictures.explained(found[found["kind"] == NEAR_DUPLICATE])
    near = near.assign(part_a="train", part_b="test").sort_values(["similarity", "sample_b"], ascending=[False, True])
    suspects = conflicts(samples, pictures.pairs)
    explained = pictures.explained(suspects.rename(columns={"sample": "sample_b", "partner": "sample_a"}))
    labels = samples.set_index("sample")["label"]
    finding = Finding(
        train,
        test,
        len(a),
        len(b),
        near.assign(test_label=near["sample_b"].map(labels), train_label=near["sample_a"].map(labels)).rename(
            columns={"sample_a": "train_file", "sample_b": "test_file"}
        ),
        suspects.assign(transform=explained["transform"]).rename(
            columns={"sample": "file", "value": "label", "partner_value": "partner_label"}
        ),
        pictures.flat(),
        [name for _, ignored in listed.values() for name in ignored],
    )
    _write(finding, near, pictures, out)
    return finding


def _images(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the images below `folder`, and of everything else."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; pass two folders of images ({', '.join(SUFFIXES)})")
    names = Files(folder).under("")
    images = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not images:
        raise BadInput(f"{folder}: {len(names)} files, none of them an image ({', '.join(SUFFIXES)})")
    return images, [str(folder / name) for name in names if not name.lower().endswith(SUFFIXES)]


def _table(folder: Path, names: list[str]) -> pd.DataFrame:
    """The columns that partners and conflicts ask for; the label is the folder that an image lies in, if any."""
    table = pd.DataFrame({"file": names, "folder": folder, "source": None, "patient": None, "md5": None})
    table["sample"] = [str(folder / name) for name in names]
    table["label"] = [str(Path(name).parent) if "/" in name else None for name in names]
    return table


def _pictures(names: list[str], read: dict[str, tuple[Files, str]], n_train: int) -> Pictures:
    unreadable = []

    def image(name: str) -> np.ndarray:
        files, inside = read[name]
        try:
            return files.image(inside)
        except BadInput as error:
            unreadable.append(f"{files.root}: {error}")
            return np.zeros((1, 1), dtype=np.uint8)

    pictures = Pictures(names, image, n_train)
    if unreadable:
        raise BadInput(listing("images that can't be read:", unreadable))
    return pictures


def _write(finding: Finding, near: pd.DataFrame, pictures: Pictures, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    pair_columns = ["test_file", "train_file", "similarity", "transform", "mirrored", "rotation", "grey_difference"]
    finding.pairs[[*pair_columns, "test_label", "train_label"]].to_csv(
        out / "leakage_pairs.csv", index=False, float_format="%.4g"
    )
    conflict_columns = ["file", "label", "n_agree", "n_disagree", "partner", "partner_label", "similarity", "transform"]
    finding.conflicts[conflict_columns].to_csv(out / "conflicts.csv", index=False, float_format="%.4g")
    sheet = ""
    if len(near):
        use_style()
        figure = contact_sheet(strongest(near, ON_SHEET), pictures.read)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=150)
        plt.close(figure)
        sheet = base64.b64encode(content.getvalue()).decode()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("leakage.html.j2").render(finding=finding, sheet=sheet, threshold=THRESHOLD)
    (out / "leakage.html").write_text(page, encoding="utf-8")
