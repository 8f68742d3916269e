"""Names that a study file can't use otherwise: the baselines, and the harness' own keys of an architecture."""

IMAGENET_LOGISTIC = "imagenet_logistic"
BASELINES = ("majority", "stratified", "thumbnail_logistic", IMAGENET_LOGISTIC)  # benchmarks/baselines; in every study
HARNESS_KEYS = ("image_size", "weights", "pretrained", "recipe")  # of an entry; its other keys are options
