"""How scores and intervals are computed."""

from collections.abc import Iterator

from reports.document import Paragraph, Section
from reports.results import Results
from reports.wording import count


def statistics(results: Results) -> Iterator[Section]:
    """The section on scores and intervals."""
    study = results.study
    scored = results.table("headline").drop_duplicates("protocol")
    units = dict(zip(scored["protocol"], scored["unit"], strict=True))
    over = ", ".join(f"{units[protocol]} under {protocol}" for protocol in results.protocols)
    repeats = (
        "The study has one repeat, so nothing is said of the spread between seeds."
        if study.repeats == 1
        else f"Folds are drawn {study.repeats} times with other seeds; scores pool the repeats."
    )
    yield Section(
        "statistics",
        "Scores and intervals",
        [
            Paragraph(
                "Every score is computed from the cells' predictions on their test parts, pooled over the folds, for a "
                "class may be too rare to be in every one. Intervals hold 95 % of a percentile bootstrap with "
                f"{count(study.bootstrap)} resamples of independent units [@efron1993] ({over}), all images of a unit "
                "together; differences are resampled in pairs, on the same units. What can't be computed is called not "
                f"evaluable, with the reason. {repeats}"
            ),
        ],
    )
