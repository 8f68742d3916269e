# Scores of all predictions, and the tables that collect what cells and folds are.


rule scores:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        ALL_CELLS,
    output:
        tables(
            [
                *("scores", "per_class", "headline", "inflation", "roc", "reliability"),
                *(f"confusion_{name}_{protocol}" for name in STUDY.compared() for protocol in STUDY.protocols),
            ],
            "Results",
            "scores",
        ),
    log:
        LOGS / "scores.log",
    conda:
        "../../envs/benchmark.yaml"
    params:
        **STAGES.params("analysis.scores.scores"),
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Score all predictions"
    shell:
        "{params.run} > {log:q} 2>&1"


# name of the stage -> category of `snakemake --report`
for stage, category in {"collapse": "Training", "external": "Results"}.items():

    rule:
        name:
            stage
        input:
            RESULTS / "samples.parquet",
            FOLDS,
            ALL_CELLS,
        output:
            tables([stage], category, stage),
        log:
            LOGS / f"{stage}.log",
        conda:
            "../../envs/benchmark.yaml"
        params:
            **STAGES.params(f"analysis.scores.{stage}"),
            settings=[STUDY.seed, STUDY.bootstrap],
        message:
            f"Work out {stage}"
        shell:
            "{params.run} > {log:q} 2>&1"


rule tables:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        [cell / name for cell in STAGES.cells for name in ["runtime.json", "predictions.parquet"]],
        [cell / name for cell in STAGES.trained for name in ["trials.csv", "history.csv"]],
        RESULTS / "tables/probes.csv",
    output:
        tables(["cells", "trials", "history"], "Training", "cells"),
        tables(["data", "datasets", "folds", "fold_notes"], "Audit", "data"),
    log:
        LOGS / "tables.log",
    conda:
        "../../envs/benchmark.yaml"
    params:
        **STAGES.params("analysis.scores.tables"),
    message:
        "Collect the cells' tables"
    shell:
        "{params.run} > {log:q} 2>&1"
