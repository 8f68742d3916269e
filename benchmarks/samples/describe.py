"""What the readers understand of a folder, zip or manifest, and a study to start with, before anything runs."""

import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks import datasets, protocols
from benchmarks.datasets import Dataset, cbis_ddsm, image_folder
from benchmarks.datasets._files import may_be_image
from benchmarks.datasets.layouts.layout import several
from benchmarks.errors import BadInput
from benchmarks.protocols import AS_SHIPPED, BY_PATIENT, EXTERNAL, OFFICIAL, PUBLISHED
from benchmarks.samples.folds import make_folds

OWN, BY_SOURCE = "image_folder", "by_source"
CHECKED = (BY_PATIENT, BY_SOURCE, OFFICIAL, EXTERNAL, AS_SHIPPED, PUBLISHED)  # in the order of their worth
MOST_FOLDS = 5
MOST_READ = 300  # images of which size and mode are read
MODES = {"L": "8-bit grey", "RGB": "colour", "RGBA": "colour with transparency", "P": "palette", "1": "1 bit"}
FACTS = ("severity", "density", "laterality", "view")
STUDY = "study.yaml"
WIDTH = 120  # characters of a line
CORRECTION = re.compile(r"[;,] (or )?remove `?\w+`? from `protocols` in \S+?(?=,|$)")


def describe(data: Path) -> str:
    """Return what was understood of `data`, what each protocol lacks, and the YAML of a study, in this order.

    Raises the reader's BadInput if the data can't be read.
    """
    name = _adapter(data)
    dataset = datasets.load({"name": name}, data, 0)
    columns = {"dataset": name, "official_part": None}
    samples = dataset.samples.assign(**{key: value for key, value in columns.items() if key not in dataset.samples})
    folds, lacks = _ready(samples, name)
    found = [*_facts(samples), *_pixels(dataset, data), *_left_out(dataset, data)]
    shown = [key for key in CHECKED if key != PUBLISHED or key in folds]
    lines = [f"{data}: {dataset.layout or dataset.title} (data set {name})", ""]
    lines += [_row(head, text) for head, text in found]
    lines += ["", "Protocols:", *(_row(key, _told(key, folds, lacks)) for key in shown), ""]
    command = f"snakemake --cores 2 --config study={STUDY} data={shlex.quote(str(data))}"
    lines += [f"# {STUDY}: save these lines, then run: {command}", _study(dataset, samples, name, folds, data)]
    return "\n".join(lines)


def _adapter(data: Path) -> str:
    """Return the published data set that lies at `data`, by names of its files, else the adapter of a user's images."""
    if not data.exists() or image_folder.is_manifest(data):
        return OWN
    names = {Path(name).name for name in image_folder.files_of(data).readable()}
    if names.issuperset(cbis_ddsm.TABLES.values()):
        return "cbis_ddsm"
    try:
        datasets.check({"name": "mendeley_inbreast"}, data)
    except BadInput:
        return OWN
    return "mendeley_inbreast"


def _row(head: str, text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=f"  {head:<12}", subsequent_indent=" " * 14)


def _facts(samples: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield what is known of the images: head of a row, text."""
    yield "images", str(len(samples))
    yield "classes", _counts(samples["label"])
    for unit in ("patient", "source"):
        known = samples[unit].dropna()
        of_all = "" if len(known) in (0, len(samples)) else f", unknown for {len(samples) - len(known)} images"
        yield f"{unit}s", f"{known.nunique()}{of_all}" if len(known) else "unknown"
    by_part = samples.groupby("official_part")["label"]
    parts = "; ".join(f"{part} {len(labels)} ({_counts(labels)})" for part, labels in by_part)
    yield "parts", parts or "none shipped"
    if samples["dataset"].nunique() > 1:
        yield "data sets", _counts(samples["dataset"])
    known = [f"{fact} {samples[fact].notna().sum()}" for fact in FACTS if samples[fact].notna().any()]
    boxed = int((samples["boxes"].str.len() > 0).sum())
    yield "known of", ", ".join([*known, *([f"lesion box {boxed}"] if boxed else [])]) or "no further fact"


def _counts(values: pd.Series, most: int = 12) -> str:
    counts = values.value_counts()
    shown = [f"{value} {number}" for value, number in sorted(counts.items())[:most]]
    return ", ".join(shown) + (f" and {len(counts) - most} more" if len(counts) > most else "")


def _pixels(dataset: Dataset, data: Path) -> Iterator[tuple[str, str]]:
    """Yield sizes and modes of at most MOST_READ images, evenly spaced, from their headers where there are files."""
    files = image_folder.files_of(data)
    sizes, modes, unreadable = [], Counter[str](), []
    rows = np.unique(np.linspace(0, len(dataset.samples) - 1, MOST_READ).round().astype(int)).tolist()
    for row in rows:
        name = dataset.samples["file"][row]
        try:
            size, mode = (files.image_size(name), files.mode(name)) if name in files else _decoded(dataset, row)
        except BadInput as error:
            unreadable.append(str(error))
            continue
        sizes.append(size)
        modes[f"{mode} ({MODES[mode]})" if mode in MODES else mode] += 1
    read = f"{len(rows)} of {len(dataset.samples)} images were read"
    if sizes:
        (least, most), unlike = (np.array(sizes)[np.argsort(np.prod(sizes, axis=1))[[0, -1]]]), len(set(sizes))
        span = "{} x {} pixels".format(*least) + (" to {} x {}, {} sizes".format(*most, unlike) if unlike > 1 else "")
        yield "sizes", f"{span} ({read})"
        yield "modes", ", ".join(f"{mode} {number}" for mode, number in modes.most_common())
    if unreadable:
        yield "unreadable", f"{len(unreadable)} of {len(rows)} images: {several(unreadable)}"


def _decoded(dataset: Dataset, row: int) -> tuple[tuple[int, int], str]:
    height, width = dataset.native(row).shape
    return (width, height), "decoded"


def _left_out(dataset: Dataset, data: Path) -> Iterator[tuple[str, str]]:
    """Yield the notes of the reader, and the files that are no samples."""
    yield from (("note", note) for note in dataset.notes)
    files = image_folder.files_of(data)
    named = set(dataset.samples["file"])
    if not any(name in files for name in named):
        return  # images in an archive of arrays
    rest = [name for name in files.readable() if name not in named]
    if images := [name for name in rest if may_be_image(name)]:
        yield "not read", f"{len(images)} images that are not in the list of samples ({several(images)})"
    if others := [Path(name).suffix.lower() or "no suffix" for name in rest if not may_be_image(name)]:
        yield "other files", f"{_counts(pd.Series(others))}: no images"


def _ready(samples: pd.DataFrame, name: str) -> tuple[dict[str, int], dict[str, str]]:
    """Return the protocols that can run, with their number of folds, and what each other protocol lacks."""
    folds, lacks = {}, {}
    tested = sorted(samples["dataset"].unique())
    for protocol in CHECKED:
        for number in range(MOST_FOLDS, 1, -1):
            study = protocols.Splitting(
                path=Path(STUDY), seed=1, dataset={"name": name}, folds=number, repeats=1,
                training={"images": "on_the_fly"}, external={"test": tested},
            )  # fmt: skip
            try:
                folds[protocol] = make_folds(protocol, samples, study)["fold"].nunique()
                break
            except BadInput as error:
                lacks[protocol] = CORRECTION.sub("", str(error).removeprefix(f"protocol {protocol}: "))
    return folds, lacks


def _told(protocol: str, folds: dict[str, int], lacks: dict[str, str]) -> str:
    if protocol in folds:
        return f"can run, {folds[protocol]} fold{'s' * (folds[protocol] > 1)}"
    if protocol == EXTERNAL:
        return "cannot run: no second data set; name it in a column `dataset`, or combine sets (`name: several`)"
    more = "; or set `source: found`, which makes groups of copies the sources" if protocol == BY_SOURCE else ""
    return f"cannot run: {lacks[protocol]}{more}"


def _study(dataset: Dataset, samples: pd.DataFrame, name: str, folds: dict[str, int], data: Path) -> str:
    """Return the YAML of a small study of the protocols that can run; by sources found from pixels if none can."""
    chosen = [protocol for protocol in folds if not (protocol == AS_SHIPPED and OFFICIAL in folds)]
    honest = [protocol for protocol in chosen if protocol not in protocols.NOT_HONEST]
    found = not honest and samples["source"].isna().any()
    if found:
        honest, chosen = [BY_SOURCE], [BY_SOURCE, *chosen]
    content: dict = {
        "description": f"How well do small networks tell {several(dataset.classes)} apart in {data.name}?",
        "seed": 1,
        "dataset": {"name": name, **({"source": datasets.FOUND} if found else {})},
        "image_size": 64,
        "protocols": chosen or [BY_PATIENT],
        "folds": min([folds[key] for key in (BY_PATIENT, BY_SOURCE) if key in folds], default=MOST_FOLDS),
        "training": {"epochs": 60, "patience": 12},
        "search": {"tuner": "random", "trials": 2},
        "architectures": {"simple": {}, "shufflenet": {"units": [1, 2, 1], "width": 0.5}},
    }
    if EXTERNAL in chosen:
        content["external"] = {"test": sorted(samples["dataset"].unique())}
    if honest:
        content["control"] = {"protocols": honest[:1], "architectures": ["simple"]}
    return yaml.safe_dump(content, sort_keys=False, default_flow_style=None, allow_unicode=True, width=WIDTH).rstrip()
