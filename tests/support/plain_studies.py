"""Studies for tests: the content of a valid file, and `Study` objects without a file."""

from pathlib import Path

from benchmarks.study.study import Study

GOOD = {
    "description": "A study to test with.",
    "seed": 1,
    "dataset": {"name": "phantom", "patients": 24},
    "image_size": 64,
    "protocols": ["published", "by_patient"],
    "folds": 3,
    "architectures": {"simple": {}},
}


def plain_study(**changes) -> Study:
    """Return a study of phantoms without architectures, with `changes` of its fields."""
    fields = dict(
        name="test", path=Path("test.yaml"), source=None, data=None, description="", seed=1,
        dataset={"name": "phantom"}, image_size=64, protocols=[], folds=3, repeats=1,
        training={"images": "on_the_fly"}, backend="tensorflow", published={}, search={}, architectures={}, external={},
        recipe=None, control={}, learning_curve={}, positive_control={}, probes={}, bootstrap=100,
    )  # fmt: skip
    return Study(**fields | changes)


def study_of_sizes(dataset: dict, sizes: tuple[int, ...] = (64,), data: Path | None = None) -> Study:
    """Return a study of `dataset` with an architecture for each image size of `sizes`."""
    return plain_study(
        data=data,
        dataset=dataset,
        image_size=sizes[0],
        architectures={f"a{size}": {"image_size": size} for size in sizes},
    )
