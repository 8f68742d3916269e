"""A study of two networks with results to draw, and the texts of a panel."""

from pathlib import Path

from synthetic_results import write_results

from benchmarks.study.study import Study, load_study

THREE = ("Density1Benign", "Density2Malignant", "Density4Malignant")


def write_small(place: Path) -> Study:
    """Write a study with results into `place`, the working directory, and load it."""
    path = write_results(
        place, architectures=("simple", "vgg16"), classes=THREE, protocols=("published", "by_patient"), n_folds=2
    )
    return load_study(str(path))


def texts(axes):
    return [text.get_text() for text in axes.texts]
