"""Sections on the run: failed cells, limits, provenance, cells and commands."""

from collections.abc import Iterator

import pandas as pd
import yaml

from benchmarks.protocols import EXTERNAL
from benchmarks.study.views import BOX
from reports.document import Block, Bullets, Cell, Listing, Paragraph, Section, Table
from reports.facts import generated
from reports.results import Results, where
from reports.sections.scores import METRICS, TASKS
from reports.tables import ARCHITECTURE, PROTOCOL, cell_anchor, column, make_table, text, whole
from reports.verdicts import CHECKS
from reports.wording import MISSING, NOT_EVALUABLE, count, duration, plural
from reports.words import Words

WORDS = Words("run")


def warning(results: Results) -> Iterator[str]:
    """Yield the warning of the first page; nothing if all cells are complete."""
    if results.failures:
        yield WORDS.text("warning", **_failed(results))


def failures(results: Results) -> Iterator[Section]:
    """Section on what failed; none if all cells are complete."""
    if not results.failures:
        return

    def failed(row: dict) -> str:
        return "file" if row["protocol"] is None else f"{row['protocol']}, fold {row['fold']}"

    columns = [
        *(ARCHITECTURE, column("what", failed, "left")),
        column("reason, log file", lambda row: Cell(row["reason"], below=row["log"]), "left"),
    ]
    table = make_table("failed", WORDS.text("failures_caption"), columns, results.failures, [])
    about = Paragraph(WORDS.text("failures", **_failed(results)))
    yield Section("failed-cells", WORDS.text("failures_title"), [about, table])


def _failed(results: Results) -> dict:
    """Return the names of what failed, and how many cells: 0 if the architectures' files failed the check."""
    checked = all(row["protocol"] is None for row in results.failures)
    names = list(dict.fromkeys(row["architecture"] for row in results.failures))
    return {"names": names, "n_cells": 0 if checked else len(results.failures)}


REASONS = 3  # most frequent reasons of a check that are printed


def limits(results: Results) -> Iterator[Section]:
    """Section on limitations."""
    blocks: list[Block] = [Bullets(_general(results))]
    notes = results.table("fold_notes")
    if len(notes):
        columns = [PROTOCOL, text("class", "label"), text("note", align="wrap")]
        caption = WORDS.text("notes_caption")
        blocks.append(make_table("fold-notes", caption, columns, notes, ["fold_notes"], grouped=True))
    missing = list(_not_evaluable(results))
    if missing:
        columns = [text("where"), text("what"), text("how many", align="right"), text("why", align="wrap")]
        sources = ["scores", "headline", "gradcam", "bias"]
        blocks.append(make_table("missing", WORDS.text("missing_caption"), columns, missing, sources, grouped=True))
    else:
        blocks.append(Paragraph(WORDS.text("nothing_missing")))
    yield Section("limits", WORDS.text("limits_title"), blocks)


def tested_elsewhere(results: Results) -> str:
    """Return whether images of a data set outside training were tested."""
    sets = results.study.external["test"] if EXTERNAL in results.protocols else []
    return WORDS.text("tested_elsewhere", sets=sets)


def _general(results: Results) -> list[str]:
    phantoms, study = results.dataset["generated"], results.study
    whole = results.table("data").iloc[-1]
    counted = {"patient": whole["patients"], "source": whole["sources"], "image": whole["before_files"]}
    unit = next(unit for unit, n in counted.items() if pd.notna(n))
    sentences = WORDS.texts(
        "limits",
        n=counted[unit],
        unit=unit,
        repeats=study.repeats,
        breast_found=not phantoms and study.dataset.get("breast") != "whole",
        known_patients=pd.notna(whole["patients"]),
        protocols=results.protocols,
        box_crops=any(view.crop == BOX for view in study.views()),
    )
    return [generated(), *sentences] if phantoms else sentences


def _not_evaluable(results: Results) -> Iterator[dict[str, str]]:
    scores = results.table("scores")
    scores = scores[scores["note"].notna() & scores["protocol"].isin(results.protocols)]
    what = [f"{TASKS[task]}, {METRICS[key]}" for task, key in zip(scores["task"], scores["metric"], strict=True)]
    scores = scores.assign(where="scores", what=what)
    headline = results.table("headline")
    headline = headline[headline["verdict"].str.startswith(NOT_EVALUABLE)]
    headline = headline.assign(where="verdict", what="beats majority", note=headline["verdict"])
    maps = results.table("gradcam")
    gradcam = maps[maps["note"].notna()].assign(where="Grad-CAM", what="saliency in regions")
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
    made = results.provenance
    blocks: list[Block] = [Paragraph(WORDS.text("provenance")), _facts(made), _packages(made)]
    yield Section("provenance", WORDS.text("provenance_title"), blocks)


def _facts(made: dict) -> Table:
    code, data = made["code"], made["data"]
    state = {None: "", False: ", no changes", True: ", with uncommitted changes"}[code["dirty"]]
    facts = {
        # Older runs have no version in provenance.json.
        **({"mammobench": f"version {made['version']}"} if "version" in made else {}),
        "code": f"commit {code['commit']}{state}" if code["commit"] else "unknown: no git checkout",
        "lock file": f"{made['lock']['file']}, sha256 {made['lock']['sha256']}",
        "data": f"{data['title']}; read from {data['data']}" if data["data"] else f"{data['title']}; generated",
        "data digest": f"sha256 {data['digest']}",
        "seeds": f"study {made['seeds']['study']}; cells {', '.join(map(str, made['seeds']['cells']))}",
        "intervals": f"{made['intervals']['method']}, {count(made['intervals']['resamples'])} resamples",
        "Python": made["python"],
        "hardware of the cells": "; ".join(map(_machine, made["hardware"]["cells"])),
        "hardware of the report": _machine(made["hardware"]["report"]),
        "training": f"{made['started']} to {made['finished']}",
    }
    columns = [column("", lambda fact: fact[0], "left"), column("", lambda fact: fact[1], "wide")]
    return make_table("provenance", WORDS.text("provenance_caption"), columns, facts.items(), [])


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
    return make_table("packages", WORDS.text("packages_caption"), columns, names, [], folded=True)


def cells(results: Results) -> Iterator[Section]:
    """Section on cells and commands."""
    provenance = results.provenance
    study, commands = provenance["study"], "\n".join(provenance["commands"])
    # One command fits all baselines of a fold.
    of_cells = "\n".join(dict.fromkeys(cell["command"] for cell in provenance["cells"]))
    blocks: list[Block] = [
        _cells(results),
        Listing(WORDS.text("stages_caption"), commands),
        Listing(WORDS.text("commands_caption"), of_cells, printed=False),
        Listing(WORDS.text("study_caption", file=study["file"]), study["text"]),
    ]
    if study["overrides"]:
        blocks.append(Listing(WORDS.text("changes_caption"), yaml.safe_dump(study["overrides"], sort_keys=False)))
    yield Section("cells", WORDS.text("cells_title"), blocks)


def _cells(results: Results) -> Table:
    columns = [
        *(PROTOCOL, ARCHITECTURE, column("fold", _fold), text("seed", align="right"), text("threads", align="right")),
        *(text("backend"), text("precision"), column("time", _time), whole("memory, MiB", "peak_memory_mb")),
        text("finished"),
    ]
    rows, caption = results.provenance["cells"], WORDS.text("cells_caption")
    return make_table("cells", caption, columns, rows, grouped=True, folded=True, printed=False)


def _fold(cell: dict) -> Cell:
    architecture, protocol, fold = (cell[key] for key in ("architecture", "protocol", "fold"))
    file = f"cells/{architecture}/{protocol}/{fold}/predictions.parquet"
    return Cell(str(fold), file=file, anchor=cell_anchor(architecture, protocol, fold))


def _time(cell: dict) -> Cell:
    seconds = cell["seconds"]["training"] + cell["seconds"]["prediction"]
    return Cell(duration(seconds), order=seconds)
