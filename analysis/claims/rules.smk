# Verdicts on what a publication claims.


rule claims:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        HEATMAPS,
        rules.scores.output,
        rules.tables.output,
        rules.leakage.output,
    output:
        tables(["heatmaps", "claims"], "Audit", "claims"),
    log:
        LOGS / "claims.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("claims"),
    params:
        **STAGES.params(
            "analysis.explanations.heatmaps --collect",
            "analysis.claims.claims",
            files=[*CODE.glob("benchmarks/reference/*.csv"), *([STUDY.claims] if STUDY.claims else [])],
        ),
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Judge the published claims"
    shell:
        "({params.run}) > {log:q} 2>&1"
