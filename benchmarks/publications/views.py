"""What other rooms ask of a publication's content: its data sets, and settings and figures of its variants."""

from fractions import Fraction
from typing import Any


def datasets(content: dict) -> list[str]:
    """Return the adapters of the data on which the figures were measured."""
    return [one["dataset"] for one in content["data"].values() if one["dataset"]]


def address(content: dict) -> str:
    """Return where the publication is found: repository, DOI, page or number."""
    known = content["identifiers"]
    doi = f"doi:{known['doi']}" if known.get("doi") else None
    return known.get("repository") or doi or known.get("url") or known.get("number") or "address not known"


def classes_of(content: dict, entry: dict) -> list[str] | None:
    """Return the classes of an entry of `figures`, in the order of its supports; None if they are not known."""
    data = content["data"][entry.get("data") or next(iter(content["data"]))]
    return entry.get("classes") or data["classes"]


def recipe(content: dict, variant: str) -> dict[str, Any]:
    """Return the recipe of a variant; empty if it is not known."""
    return (content["recipe"] or {}) | content["variants"][variant].get("recipe", {})


def printed(content: dict, variant: str) -> dict[str, tuple[float, str]]:
    """Return value (0..1) and place of the figures of a variant over all classes, by name (test_accuracy, macro_f1).

    Accuracies carry the name of their part, other metrics only if their part is not `test`. Of a figure that was
    printed several times, the first counts. Figures of another `state` of the model are left out.
    """
    found: dict[str, tuple[float, str]] = {}
    for entry in content["figures"]:
        if entry["variant"] == variant and "state" not in entry:
            for metric, text in entry["values"].items():
                if not isinstance(text, dict):
                    found.setdefault(_name(metric, entry["part"]), (value_of(texts(text)[0]), entry["where"]))
    return found


def texts(values: str | list | dict) -> list[str]:
    """Return the texts of a printed figure: one, several, or one for each class."""
    return list(values.values()) if isinstance(values, dict) else values if isinstance(values, list) else [values]


def value_of(text: str) -> float:
    """Return the value, 0..1, of a figure as printed ("0.98", "98 %")."""
    return float(Fraction(text.rstrip("% ")) / (100 if text.endswith("%") else 1))


def by_variant(content: dict) -> dict[str, dict[str, Any]]:
    """Return image_size, batch_size, epochs, parameters (None if not known) and printed figures of each variant."""
    table = {}
    for variant, own in content["variants"].items():
        used = recipe(content, variant)
        settings = {key: used.get(key) for key in ("image_size", "batch_size", "epochs")}
        figures = {name: value for name, (value, _) in printed(content, variant).items()}
        table[variant] = settings | {"parameters": own["parameters"]} | figures
    return table


def _name(metric: str, part: str | None) -> str:
    return f"{part}_{metric}" if part and (metric == "accuracy" or part != "test") else metric
