"""The provenance page: from which code, data, versions, machines and commands the numbers come."""

from collections.abc import Iterator

from reports.document import Cell, Column, Paragraph, Section, Table
from reports.results import Results
from reports.wording import MISSING, count


def provenance(results: Results) -> Iterator[Section]:
    """The section on provenance."""
    told = results.provenance
    yield Section(
        "provenance",
        "Provenance",
        [
            Paragraph(
                "Every number of this report stands in a CSV file of the folder tables, named under its table or "
                "figure; each of these is computed from the cells' files (cells/<architecture>/<protocol>/<fold>). The "
                "same facts as here stand in provenance.json."
            ),
            _facts(told),
            _packages(told),
        ],
    )


def _facts(told: dict) -> Table:
    code, data = told["code"], told["data"]
    state = {None: "", False: ", no changes", True: ", with uncommitted changes"}[code["dirty"]]
    facts = {
        # Older runs have no version in provenance.json.
        **({"mammobench": f"version {told['version']}"} if "version" in told else {}),
        "code": f"commit {code['commit']}{state}" if code["commit"] else "unknown: not run from a git checkout",
        "lock file": f"{told['lock']['file']}, sha256 {told['lock']['sha256']}",
        "data": f"{data['title']}; read from {data['data']}" if data["data"] else f"{data['title']}; generated",
        "data digest": f"sha256 {data['digest']}",
        "seeds": f"study {told['seeds']['study']}; cells {', '.join(map(str, told['seeds']['cells']))}",
        "intervals": f"{told['intervals']['method']}, {count(told['intervals']['resamples'])} resamples",
        "Python": told["python"],
        "trained on": "; ".join(map(_machine, told["hardware"]["cells"])),
        "reported on": _machine(told["hardware"]["report"]),
        "cells ran": f"{told['started']} to {told['finished']}",
    }
    rows = [[Cell(name), Cell(text)] for name, text in facts.items()]
    return Table("table-provenance", "Code, data and machines.", [Column("", "left"), Column("", "wide")], rows, [])


def _machine(hardware: dict) -> str:
    gpu = f", {hardware['gpu']}" if hardware.get("gpu") else ""
    return f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_gb']:.0f} GiB{gpu}, {hardware['system']}"


def _packages(told: dict) -> Table:
    names = sorted({*told["packages"], *(name for one in told["cell_versions"] for name in one if name != "python")})
    rows = []
    for name in names:
        trained = sorted({one[name] for one in told["cell_versions"] if name in one})
        rows.append(
            [Cell(name), Cell(told["packages"].get(name, MISSING) or "not installed"), Cell(", ".join(trained))]
        )
    titles = [Column("package", "left"), Column("report", "left"), Column("cells, where recorded", "left")]
    return Table("table-packages", "Versions of the packages asked for.", titles, rows, [], folded=True)
