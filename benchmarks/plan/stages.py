"""Seconds, memory and disk of the stages beside training.

The numbers were fitted to finished runs of `demo` (2,158 phantoms of 128 px), `cbis` (1,592 films of 800 px) and of the
survey on INbreast (7,844 images of 224 px) on two cores: seconds per image, per pixel as shipped, per row of a table.
They stand for a machine of pace 1 (pace.py).
"""

from collections.abc import Mapping

from benchmarks.plan.costs import Cost, Line
from benchmarks.plan.due import Job
from benchmarks.plan.kinds import RECIPE, SEARCH, Kind
from benchmarks.plan.sizes import Sizes
from benchmarks.protocols import PLANTED, PUBLISHED, variant
from benchmarks.study.study import Study

# Seconds that depend on nothing else
FIXED = {
    **{"architecture": 1.5, "folds": 0.1, "split": 1.0, "probes": 0.3, "tables": 1.0, "collapse": 0.6, "control": 0.6},
    **{"external": 0.3, "learning_curve": 0.6, "positive_control": 0.7, "tuning_gain": 0.7, "groups": 2.0},
    **{"claims": 0.8, "bias": 5.5, "report": 5.5, "results": 1.0, "replays": 2.0},
}
NOTHING = ("all", "plan", "status")
PER_PASS = 2.5e-7  # seconds and pixel of one pass of EfficientNet-Lite0, forward
PASSES = 15  # forward passes a probe: saliency maps, changed films
FEATURES = 2560
BASE_MB, KERAS_MB = 450, 900  # of a process with pandas and scikit-learn, with Keras and a small network
AT_ONCE = 64  # images that are explained or predicted at once


def takes(
    study: Study, sizes: Sizes, job: Job, costs: Mapping[Kind, Cost], cores: int, pace: float
) -> tuple[float, float, float]:
    """Return seconds, peak MB and MB on disk of a job that trains nothing, on a machine of this pace."""
    seconds, memory, disk = _fitted(study, sizes, job, cores)
    if job.rule not in ("explain", "heatmaps"):
        return pace * seconds, memory, disk
    answers, most = _answers(study, sizes, job, costs)
    return pace * seconds + answers, max(memory, most), disk


def _fitted(study: Study, sizes: Sizes, job: Job, cores: int) -> tuple[float, float, float]:
    own, n, pixels = job.wildcards, sizes.images, sizes.pixels
    threads = min(job.threads, cores)
    resampled = study.bootstrap / 1000
    match job.rule:
        case "samples":
            kept = sum(view.size**2 for view in study.views()) + sum(size**2 for size in study.sizes())
            found = 0.015 * n if study.sources_found else 0
            return 1.5 + n * (0.8e-3 + 1.25e-8 * pixels) + found, BASE_MB, n * kept / 1e6
        case "features":
            side = int(own["view"].partition("_")[0])
            return 4 + n * 2 * side**2 * PER_PASS, KERAS_MB + 256 * side**2 / 1e6, n * FEATURES * 4 / 1e6
        case "maps":
            views = 2 + study.cached_views(own["architecture"])
            side = study.size_of(own["architecture"])
            # The maps at the cut are 1/16 of the side, with about 100 channels.
            disk = sizes.upright * views * (side / 16) ** 2 * 112 * 2 / 1e6
            return 4 + sizes.upright * views * side**2 * PER_PASS, KERAS_MB, disk
        case "baselines":
            parts = sizes.parts[own["protocol"], int(own["fold"])]
            planted = PLANTED in own["protocol"]
            drawn = 2.2 + sum(parts) * study.sizes()[0] ** 2 * 4.5e-7 if planted else 0
            return 0.5 + 1.8e-3 * parts[0] + drawn, KERAS_MB if planted else BASE_MB, 0.2
        case "leakage":
            return 1.5 + n * (4.5e-3 + 7e-8 * pixels), BASE_MB + n * 0.2, 1
        case "shortcuts":
            return 8 + n * (8e-3 + 3e-8 * pixels), BASE_MB + n * 0.1, 1
        case "scores":
            return 4.7 + 1.7e-4 * rows(study, sizes, study.all_protocols()) * resampled, BASE_MB, 1
        case "comparison":
            return 4.5 + 9e-4 * rows(study, sizes, study.protocols) * resampled, BASE_MB, 1
        case "figures":
            return (10 + 2.8 * len(study.architectures)) * 2 / (1 + threads), BASE_MB, 10
        case "explain":
            probes = sum(_probes(study, sizes, protocol) for protocol in study.protocols)
            return 2.0 + 0.085 * probes, KERAS_MB, 5
        case "heatmaps":
            return 1.5, KERAS_MB, 5
        case rule if rule in NOTHING:
            return 0, 0, 0
        case rule:
            return FIXED.get(rule, 1.0), BASE_MB, 1


def _answers(study: Study, sizes: Sizes, job: Job, costs: Mapping[Kind, Cost]) -> tuple[float, float]:
    """Return seconds of the forward passes of an explanation, and the memory that they take."""
    name = job.wildcards["architecture"]
    shown, passes = ([PUBLISHED], 10) if job.rule == "heatmaps" else (study.protocols, PASSES)
    seconds, memory = 0.0, 0.0
    for protocol in shown:
        how = PUBLISHED if variant(protocol) == PUBLISHED else RECIPE if study.recipe_of(name) else SEARCH
        cost = costs.get(Kind(name, how))
        answer = cost.answer if cost else Line(0.3, 1e-3)
        seconds += answer.fixed + _probes(study, sizes, protocol) * passes * answer.each
        memory = max(memory, cost.memory_mb.at(AT_ONCE) if cost else 0)
    return seconds, memory


def _probes(study: Study, sizes: Sizes, protocol: str) -> int:
    return min(study.probes["measured"], sizes.tested[protocol])


def rows(study: Study, sizes: Sizes, protocols: list[str]) -> int:
    """Return the number of predictions of test images under `protocols`."""
    compared = {protocol: [name for name, own in study.pairs() if own == protocol] for protocol in protocols}
    return sum(
        len(compared[protocol]) * sum(sizes.parts[protocol, fold][2] for fold in study.cells(protocol))
        for protocol in protocols
    )
