"""Sections on the run: failed cells, limits, provenance, cells and commands."""

from collections.abc import Iterator

import pandas as pd
import yaml

from benchmarks.protocols import AS_SHIPPED, EXTERNAL, PUBLISHED
from benchmarks.study.views import BOX
from reports.document import Block, Bullets, Cell, Listing, Paragraph, Section, Table
from reports.results import Results, where
from reports.sections.scores import METRICS, TASKS
from reports.tables import ARCHITECTURE, PROTOCOL, cell_anchor, column, make_table, text, whole
from reports.verdicts import CHECKS
from reports.wording import MISSING, NOT_EVALUABLE, WORDS, capitalised, count, duration, listed, plural, units


def warning(results: Results) -> Iterator[str]:
    """Yield the warning of the first page; nothing if all cells are complete."""
    if results.failures:
        verb = "and is" if len(_names(results)) == 1 else "and are"
        yield f"Not complete: {_missing(results)}, {verb} left out."


def failures(results: Results) -> Iterator[Section]:
    """Section on what failed; none if all cells are complete."""
    if not results.failures:
        return
    about = (
        f"{capitalised(_missing(results))}. All their cells are left out here, those that are "
        "complete too, as a comparison of some folds is none. The same command tries again what failed."
    )

    def failed(row: dict) -> str:
        return "file" if row["protocol"] is None else f"{row['protocol']}, fold {row['fold']}"

    columns = [
        *(ARCHITECTURE, column("what", failed, "left")),
        column("reason, and the log that says more", lambda row: Cell(row["reason"], below=row["log"]), "left"),
    ]
    blocks: list[Block] = [Paragraph(about), make_table("failed", "What failed.", columns, results.failures, [])]
    yield Section("failed-cells", "Failed cells", blocks)


def _names(results: Results) -> list[str]:
    return list(dict.fromkeys(row["architecture"] for row in results.failures))


def _missing(results: Results) -> str:
    names = _names(results)
    if all(row["protocol"] is None for row in results.failures):
        return f"{listed(names)} failed the check of {'its file' if len(names) == 1 else 'their files'}"
    return f"{plural(len(results.failures), 'cell')} of {listed(names)} failed"


REASONS = 3  # most frequent reasons of a check that are printed


def limits(results: Results) -> Iterator[Section]:
    """Section on limits."""
    blocks: list[Block] = [Bullets(list(_general(results)))]
    notes = results.table("fold_notes")
    if len(notes):
        caption = "Classes that the folds can't treat like the others."
        columns = [PROTOCOL, text("class", "label"), text("note", align="wrap")]
        blocks.append(make_table("fold-notes", caption, columns, notes, ["fold_notes"], grouped=True))
    missing = list(_not_evaluable(results))
    if missing:
        caption = "Not evaluable: numbers that this study can't give, and why."
        columns = [text("where"), text("what"), text("how many", align="right"), text("why", align="wrap")]
        sources = ["scores", "headline", "gradcam", "bias"]
        blocks.append(make_table("missing", caption, columns, missing, sources, grouped=True))
    else:
        blocks.append(Paragraph("Every number of this study was evaluable."))
    yield Section("limits", "Limits", blocks)


def tested_elsewhere(results: Results) -> str:
    """Return whether images of a data set outside training were tested."""
    if EXTERNAL not in results.protocols:
        return "No images of another hospital or data set were tested."
    named = listed(results.study.external["test"])
    return f"Under external, images of data sets that training has not seen were tested: {named}."


def _general(results: Results) -> Iterator[str]:
    if results.dataset["generated"]:
        yield WORDS["generated"]
    whole = results.table("data").iloc[-1]
    counted = {"patient": whole["patients"], "source": whole["sources"], "image": whole["before_files"]}
    unit = next(unit for unit, n in counted.items() if pd.notna(n))
    yield (
        f"All results rest on {units(counted[unit], unit)}. Intervals describe which of them happened to be sampled; "
        "they leave out the chance of the training itself (seed, order, hardware)"
        + (", of which this study shows one run." if results.study.repeats == 1 else ".")
    )
    if not results.dataset["generated"] and results.study.dataset.get("breast") != "whole":
        yield WORDS["breast"]
    if pd.isna(whole["patients"]):
        yield "Patients are unknown, so images of one patient may stand on both sides of every split."
    if PUBLISHED in results.protocols:
        yield WORDS["recall"]
    if AS_SHIPPED in results.protocols:
        yield WORDS["shipped"]
    if any(view.crop == BOX for view in results.study.views()):
        yield WORDS["annotated"]
    if "by_source" in results.protocols:
        yield "Under by_source, other images of a test patient may have been trained on, so its scores still flatter."
    yield WORDS["corrected"]
    yield (
        "Scores pool the out-of-fold predictions of models trained on different folds. Only the area under ROC within "
        "folds compares images of one fold."
    )
    yield "Nothing here is a diagnostic device, and none of the models may be used on patients."


def _not_evaluable(results: Results) -> Iterator[dict[str, str]]:
    scores = results.table("scores")
    scores = scores[scores["note"].notna() & scores["protocol"].isin(results.protocols)]
    what = [f"{TASKS[task][0]}, {METRICS[key]}" for task, key in zip(scores["task"], scores["metric"], strict=True)]
    scores = scores.assign(where="scores", what=what)
    headline = results.table("headline")
    headline = headline[headline["verdict"].str.startswith(NOT_EVALUABLE)]
    headline = headline.assign(where="verdict", what="beats majority", note=headline["verdict"])
    maps = results.table("gradcam")
    gradcam = maps[maps["note"].notna()].assign(where="Grad-CAM", what="heat in regions")
    columns = ["where", "what", "architecture", "protocol", "note"]
    table = pd.concat([part[columns] for part in (scores, headline, gradcam)])
    pairs = plural(len(results.compared) * len(results.protocols), "pair")
    for (place, what, note), rows in table.groupby(["where", "what", "note"], sort=False):
        n_pairs = len(rows[["architecture", "protocol"]].drop_duplicates())
        many = f"{len(rows)} of {plural(len(maps), 'map')}" if place == "Grad-CAM" else f"{n_pairs} of {pairs}"
        yield {"where": place, "what": what, "how many": many, "why": note}
    for check, rows in results.table("bias").groupby("check", sort=False):
        left = where(rows, verdict=NOT_EVALUABLE)
        reasons = left["note"].str.removeprefix(f"{NOT_EVALUABLE}: ").value_counts()
        parts = [f"{reason} ({n})" for reason, n in reasons.head(REASONS).items()]
        parts += ["and others"] if len(reasons) > REASONS else []
        if len(left):
            many = f"{len(left)} of {plural(len(rows), 'verdict')}"
            yield {"where": "bias checks", "what": CHECKS[check], "how many": many, "why": "; ".join(parts)}


def provenance(results: Results) -> Iterator[Section]:
    """Section on provenance."""
    about = WORDS["provenance"]
    made = results.provenance
    yield Section("provenance", "Provenance", [Paragraph(about), _facts(made), _packages(made)])


def _facts(made: dict) -> Table:
    code, data = made["code"], made["data"]
    state = {None: "", False: ", no changes", True: ", with uncommitted changes"}[code["dirty"]]
    facts = {
        # Older runs have no version in provenance.json.
        **({"mammobench": f"version {made['version']}"} if "version" in made else {}),
        "code": f"commit {code['commit']}{state}" if code["commit"] else "unknown: not run from a git checkout",
        "lock file": f"{made['lock']['file']}, sha256 {made['lock']['sha256']}",
        "data": f"{data['title']}; read from {data['data']}" if data["data"] else f"{data['title']}; generated",
        "data digest": f"sha256 {data['digest']}",
        "seeds": f"study {made['seeds']['study']}; cells {', '.join(map(str, made['seeds']['cells']))}",
        "intervals": f"{made['intervals']['method']}, {count(made['intervals']['resamples'])} resamples",
        "Python": made["python"],
        "trained on": "; ".join(map(_machine, made["hardware"]["cells"])),
        "reported on": _machine(made["hardware"]["report"]),
        "cells ran": f"{made['started']} to {made['finished']}",
    }
    columns = [column("", lambda fact: fact[0], "left"), column("", lambda fact: fact[1], "wide")]
    return make_table("provenance", "Code, data and machines.", columns, facts.items(), [])


def _machine(hardware: dict) -> str:
    gpu = f", {hardware['gpu']}" if hardware.get("gpu") else ""
    return f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_gb']:.0f} GiB{gpu}, {hardware['system']}"


def _packages(made: dict) -> Table:
    versions = made["cell_versions"]
    names = sorted({*made["packages"], *(name for cell in versions for name in cell if name != "python")})

    def trained(name: str) -> str:
        return ", ".join(sorted({cell[name] for cell in versions if name in cell}))

    columns = [
        column("package", str, "left"),
        column("report", lambda name: made["packages"].get(name, MISSING) or "not installed", "left"),
        column("cells, where recorded", trained, "left"),
    ]
    return make_table("packages", "Versions of the packages asked for.", columns, names, [], folded=True)


def cells(results: Results) -> Iterator[Section]:
    """Section on cells and commands."""
    provenance = results.provenance
    study, commands = provenance["study"], "\n".join(provenance["commands"])
    # One command fits all baselines of a fold.
    of_cells = "\n".join(dict.fromkeys(cell["command"] for cell in provenance["cells"]))
    blocks: list[Block] = [
        _cells(results),
        Listing("All stages, in order; the cells come after benchmarks.check.contract.", commands),
        Listing("The cells.", of_cells, printed=False),
        Listing(f"The study file, {study['file']}.", study["text"]),
    ]
    if study["overrides"]:
        blocks.append(Listing("What --config changed of it.", yaml.safe_dump(study["overrides"], sort_keys=False)))
    yield Section("cells", "Cells and commands", blocks)


def _cells(results: Results) -> Table:
    caption = (
        "Each cell: how it ran, its wall-clock time, its peak memory. Its predictions, trials, history and model stand "
        "in cells/<architecture>/<protocol>/<fold>, its log in logs/cells."
    )
    columns = [
        *(PROTOCOL, ARCHITECTURE, column("fold", _fold), text("seed", align="right"), text("threads", align="right")),
        *(text("backend"), text("precision"), column("time", _time), whole("memory, MiB", "peak_memory_mb")),
        text("finished"),
    ]
    return make_table("cells", caption, columns, results.provenance["cells"], grouped=True, folded=True, printed=False)


def _fold(cell: dict) -> Cell:
    architecture, protocol, fold = (cell[key] for key in ("architecture", "protocol", "fold"))
    file = f"cells/{architecture}/{protocol}/{fold}/predictions.parquet"
    return Cell(str(fold), file=file, anchor=cell_anchor(architecture, protocol, fold))


def _time(cell: dict) -> Cell:
    seconds = cell["seconds"]["training"] + cell["seconds"]["prediction"]
    return Cell(duration(seconds), order=seconds)
