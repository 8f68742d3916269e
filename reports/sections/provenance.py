"""Sections: code, data, versions and machines behind the numbers; cells and commands."""

from collections.abc import Iterator

import yaml

from reports.document import Block, Cell, Listing, Paragraph, Section, Table
from reports.results import Results
from reports.tables import ARCHITECTURE, PROTOCOL, column, make_table, text, whole
from reports.wording import MISSING, WORDS, count, duration


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


def anchor(architecture: str, protocol: str, fold: int = 0) -> str:
    """Return the anchor of a cell in the table of cells."""
    return f"cell-{architecture}-{protocol}-{fold}"


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
    return Cell(str(fold), file=file, anchor=anchor(architecture, protocol, fold))


def _time(cell: dict) -> Cell:
    seconds = cell["seconds"]["training"] + cell["seconds"]["prediction"]
    return Cell(duration(seconds), order=seconds)
