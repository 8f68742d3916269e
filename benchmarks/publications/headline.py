"""The accuracy that a publication prints, as the survey compares it."""

from fractions import Fraction
from math import ceil, floor

from benchmarks.publications import views
from benchmarks.publications.arithmetic.printed import interval

# Figures of the final model, the part for testing first
HEADLINES = ("test_accuracy", "accuracy", "validation_accuracy")


def headline(content: dict, variant: str) -> tuple[float, str] | None:
    """Return accuracy (0..1) and place of the printed accuracy of a variant over all classes; None without one.

    Without a printed accuracy, the one that follows from the recall and the support of every class.
    """
    printed = views.printed(content, variant)
    for name in HEADLINES:
        if name in printed:
            return printed[name]
    return next((found for entry in content["figures"] if (found := _implied(content, variant, entry))), None)


def main_variant(content: dict, names: list[str]) -> str:
    """Return the variant among `names` (not empty) with the highest printed accuracy; the first of equal ones."""
    return max(names, key=lambda name: (headline(content, name) or (-1.0, ""))[0])


def _implied(content: dict, variant: str, entry: dict) -> tuple[float, str] | None:
    """Return the accuracy that the recalls of all classes leave: one count of right answers for each class."""
    classes, recalls = views.classes_of(content, entry), entry["values"].get("recall")
    if entry["variant"] != variant or "support" not in entry or not isinstance(recalls, dict):
        return None
    if set(recalls) != set(classes or ()) or entry.get("classes"):
        return None
    right = 0
    for name, support in zip(classes or (), entry["support"], strict=True):
        low, high = (bound * support for bound in interval("recall", recalls[name]))
        if ceil(low) != floor(high):
            return None
        right += ceil(low)
    return float(Fraction(right, sum(entry["support"]))), f"{entry['where']}; follows from recall and support"
