"""Verdicts on all figures that a publication prints, by arithmetic."""

from typing import Any

from benchmarks.errors import BadInput
from benchmarks.publications import views
from benchmarks.publications.arithmetic.check import check_figures
from benchmarks.publications.arithmetic.verdicts import NOT_EVALUABLE, Verdict


def verdicts(content: dict) -> dict[str, list[Verdict]]:
    """Return the verdicts on the figures of each model, part and set of classes, by these in words."""
    found = {}
    for about, figures in stated(content).items():
        try:
            found[about] = check_figures(figures)
        except BadInput as error:
            found[about] = [Verdict("Can the figures be read?", NOT_EVALUABLE, str(error))]
    return found


def stated(content: dict) -> dict[str, dict[str, Any]]:
    """Return what is stated on each model, part and set of classes, in the keys of `check_figures`.

    Figures of one model on one part must fit one matrix, also those from several places.
    """
    stated: dict[str, dict[str, Any]] = {}
    for entry in content["figures"]:
        classes = views.classes_of(content, entry)
        names = [entry["variant"], entry.get("data"), entry["part"], entry.get("state"), *(entry.get("classes") or ())]
        figures = stated.setdefault(", ".join(name for name in names if name), {})
        known = {"n": entry["n"], "classes": classes, "matrix": entry.get("matrix")}
        figures |= {key: value for key, value in known.items() if value}
        if classes and "support" in entry:
            figures["support"] = dict(zip(classes, entry["support"], strict=True))
        for metric, value in entry["values"].items():
            if metric in figures and not isinstance(value, dict):
                figures[metric] = [*views.texts(figures[metric]), *views.texts(value)]
            else:
                figures[metric] = value
    return stated
