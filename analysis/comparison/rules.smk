# What the scores say together: differences, controls, learning curve, the gain from hyperparameter search.

# name of the stage -> category of `snakemake --report`, its tables
COMPARISONS = {
    "comparison": ("Comparison", ["comparison", "ranks"]),
    "control": ("Comparison", ["control"]),
    "learning_curve": ("Comparison", ["learning_curve", "learning_gain"]),
    "tuning_gain": ("Training", ["tuning", "importance"]),
}

for stage, (category, names) in COMPARISONS.items():

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
            "../../envs/benchmark.yaml"
        params:
            **STAGES.params(f"analysis.comparison.{stage}"),
            settings=[STUDY.seed, STUDY.bootstrap],
        message:
            f"Work out {stage}"
        shell:
            "{params.run} > {log:q} 2>&1"


# What report and figures show of the stages that make one or two tables each.
STATISTICS = [getattr(rules, name).output for name in ["collapse", "external", *COMPARISONS]]
