"""Settings of planted_bias.py in a separate module, as the Snakefile reads these at every start."""

from benchmarks.protocols import BY_PATIENT

ARCHITECTURES = {"simple": {}, "shufflenet": {"units": [1, 2, 1], "width": 0.5}}
SETTINGS = {
    "description": "A planted shortcut, to check the bias checks.",
    "image_size": 64,
    "protocols": [BY_PATIENT],
    "folds": 2,
    "training": {"epochs": 30, "patience": 10, "augmentation": "none"},
    "search": {"tuner": "random", "trials": 1},
    "probes": {"per_class": 2},
    "bootstrap": 1000,
}
# Run in this order for every study
STAGES = (
    *("analysis.explanations.probes", "analysis.explanations.explain"),
    *("analysis.bias.groups", "analysis.scores.scores", "analysis.bias.bias"),
)
