# The stages of analysis that read nothing but samples, folds and predictions.

# module -> category of `snakemake --report`, tables; the rule is named after the module, its caption after the rule
PREDICTIONS_ALONE = {
    "scores.scores": (
        "Results",
        [
            *("scores", "per_class", "headline", "inflation", "roc", "reliability", "confusion"),
            *(f"confusion_{name}_{protocol}" for name in STUDY.compared() for protocol in STUDY.protocols),
        ],
    ),
    "scores.collapse": ("Training", ["collapse"]),
    "scores.external": ("Results", ["external"]),
    "comparison.comparison": ("Comparison", ["comparison", "ranks"]),
    "comparison.control": ("Comparison", ["control"]),
    "comparison.positive_control": ("Comparison", ["positive_control"]),
    "comparison.learning_curve": ("Comparison", ["learning_curve", "learning_gain"]),
    "comparison.tuning_gain": ("Training", ["tuning", "importance"]),
    "bias.groups": ("Explanations and bias", ["groups"]),
}
for module, (category, names) in PREDICTIONS_ALONE.items():
    stage = module.partition(".")[2]

    rule:
        name:
            stage
        input:
            RESULTS / "samples.parquet",
            FOLDS,
            ALL_CELLS,
        output:
            tables(names, category, stage),
        log:
            LOGS / f"{stage}.log",
        conda:
            "../envs/benchmark.yaml"
        resources:
            **NEEDS.of(stage),
        params:
            **STAGES.params(f"analysis.{module}"),
            settings=[STUDY.seed, STUDY.bootstrap],
        message:
            f"Compute {stage}"
        shell:
            "{params.run} > {log:q} 2>&1"


# What figures and report show of these stages
STATISTICS = [getattr(rules, module.partition(".")[2]).output for module in PREDICTIONS_ALONE]
