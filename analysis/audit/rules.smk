# Leakage across the parts of each split, and prediction of the labels from features that do not show the breast.


rule leakage:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
    output:
        tables(["leakage", "leakage_pairs", "conflicts"], "Audit", "leakage"),
    log:
        LOGS / "leakage.log",
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    resources:
        **NEEDS.of("leakage"),
    params:
        **STAGES.params("analysis.leakage --threads {threads}", loads=STAGES.adapters, data=True),
    message:
        "Look for copies across the parts of each split"
    shell:
        "{params.run} > {log:q} 2>&1"


rule shortcuts:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        ancient(RESULTS / f"masks_{max(STUDY.sizes())}.npy"),
    output:
        tables(["shortcuts"], "Audit", "shortcuts"),
    log:
        LOGS / "shortcuts.log",
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    resources:
        **NEEDS.of("shortcuts"),
    params:
        **STAGES.params("analysis.audit.shortcuts --threads {threads}", loads=STAGES.adapters, data=True),
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Predict the labels from features that do not show the breast"
    shell:
        "{params.run} > {log:q} 2>&1"
