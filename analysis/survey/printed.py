"""All figures that a publication prints, a row each."""

from collections.abc import Iterator

from benchmarks.publications import views


def texts(content: dict) -> list[dict[str, str]]:
    """Return all printed figures: variant, part, where, metric, class (empty for all classes), printed."""
    rows = []
    for entry in content["figures"]:
        about = {"variant": entry["variant"], "part": entry["part"] or "", "where": entry["where"]}
        if "state" in entry:
            about["where"] += f", {entry['state']}"
        rows += [
            about | {"metric": name, "class": of or "", "printed": text} for name, of, text in each(entry["values"])
        ]
    return rows


def each(values: dict) -> Iterator[tuple[str, str | None, str]]:
    """Yield metric, class (None for all classes) and text of each figure in the `values` of an entry."""
    for metric, value in values.items():
        if isinstance(value, dict):
            yield from ((metric, label, text) for label, text in value.items())
        else:
            yield from ((metric, None, text) for text in views.texts(value))
