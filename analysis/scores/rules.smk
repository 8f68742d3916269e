# The tables that collect what cells, trials and folds are.


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
    resources:
        **NEEDS.of("tables"),
    params:
        **STAGES.params("analysis.scores.tables"),
    message:
        "Collect the cells' tables"
    shell:
        "{params.run} > {log:q} 2>&1"
