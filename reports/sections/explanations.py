"""Sections: Grad-CAM maps."""

from collections.abc import Iterator

from analysis.drawing.style import short_names
from analysis.figures.gradcam import n_pages
from reports.document import Cell, Paragraph, Section, Table, figure
from reports.results import Results
from reports.tables import ARCHITECTURE, PROTOCOL, column, make_table, measured, text, value
from reports.wording import WORDS, units


def explanations(results: Results) -> Iterator[Section]:
    """Section on Grad-CAM."""
    about = WORDS["gradcam"]
    caption = (
        "Share of the heat inside the breast, and inside the lesion box, less the share of the image that each covers: "
        "mean over the probes with its 95 % interval, and pale behind it the middle 90 % of the probes. Heat spread "
        "evenly over the image lies at zero."
    )
    alt = "Heat in breast and lesion less their area, by architecture and protocol"
    shares = figure("gradcam_shares", caption, alt, "gradcam_summary", "gradcam", anchor="shares")
    yield Section("gradcam", "Where the models look", [Paragraph(about), shares, _shares(results)])


def galleries(results: Results) -> Iterator[Section]:
    """Section with the maps of all probes shown."""
    probes = results.table("probes")
    shown = probes[probes["shown"]]
    short = short_names(results.dataset["classes"])
    key = ", ".join(f"{short[label]} {label}" for label in results.dataset["classes"] if short[label] != label)
    blocks = []
    for protocol in results.protocols:
        caption = (
            f"{protocol}: probes (rows) and the heat map of each architecture (columns), with the class predicted and "
            f"its probability, and the layer explained.{f' Classes: {key}.' if key else ''}"
        )
        alt, anchor = f"Gallery of Grad-CAM heat maps under {protocol}", f"gradcam-{protocol}"
        pages = n_pages(int((shown["protocol"] == protocol).sum()))
        blocks.append(figure(f"gradcam_{protocol}", caption, alt, "gradcam", "probes", anchor=anchor, pages=pages))
    yield Section("galleries", "Grad-CAM of the probes", [*blocks, _probes(results)])


def _probes(results: Results) -> Table:
    probes = results.table("probes")
    columns = [
        *(PROTOCOL, text("probe", align="right"), text("sample", align="wrap"), text("class", "label")),
        *(text("source"), text("patient")),
    ]
    caption = "The probes shown in pictures. All probes stand in probes.csv."
    return make_table("probes", caption, columns, probes[probes["shown"]], grouped=True, folded=True)


def _shares(results: Results) -> Table:
    columns = [
        *(PROTOCOL, text("region"), ARCHITECTURE),
        column("probes", lambda row: Cell(str(row["n_probes"]), units(row["n_units"], row["unit"]))),
        *(value("heat in it", "heat"), value("its area", "area"), measured("difference", "difference")),
        text("note", align="wrap"),
    ]
    caption = (
        "Mean share of the heat in a region against the mean share of the image it covers; the difference with its "
        "95 % percentile bootstrap interval over the probes' patients (or sources). Above zero: more heat than by area."
    )
    rows = results.table("gradcam_summary").to_dict("records")
    rows.sort(key=lambda row: (results.protocols.index(row["protocol"]), row["region"], row["architecture"]))
    sources = ["gradcam_summary"]
    return make_table("shares", caption, columns, rows, sources, grouped=True, folded=True, printed=False)
