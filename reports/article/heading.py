"""What stands above article and supplement: title, question, data set, warning, and the stamp of the run."""

from benchmarks.protocols import AS_SHIPPED, PUBLISHED
from reports.facts import generated
from reports.results import KEPT_APART, Results
from reports.sections.run import warning
from reports.words import Words

ANY_IMAGES = "image_folder"  # the data set of images of any kind
OWN = Words("heading")


def heading(results: Results) -> dict[str, str]:
    """Return title, question, dataset, warning and stamp of a Document."""
    code = results.provenance["code"]
    phantoms = [generated()] if results.dataset["generated"] else []
    return {
        "title": OWN.text("title", mammograms=results.dataset["name"] != ANY_IMAGES),
        "question": OWN.text(
            "question",
            published=PUBLISHED in results.protocols,
            shipped=AS_SHIPPED in results.protocols,
            apart=KEPT_APART.get(results.main_protocol, "group") if results.honest else "",
        ),
        "dataset": results.dataset["title"],
        "warning": " ".join([*warning(results), *phantoms]),
        "stamp": OWN.text(
            "stamp",
            study=results.study.name,
            commit=(code["commit"] or "")[:12],
            changed=bool(code["dirty"]),
            finished=results.provenance["finished"],
        ),
    }
