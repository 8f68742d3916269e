# What has to be beaten: baselines in every fold of every protocol.


rule features:
    input:
        RESULTS / "samples.parquet",
        ancient(RESULTS / "images_{view}.npy"),
    output:
        RESULTS / "features_{view}.npy",
    log:
        LOGS / "features_{view}.log",
    # First, as all baselines wait for it.
    priority: 1000
    conda:
        "../../envs/benchmark.yaml"
    # On some processors, the last bits depend on the number of threads.
    threads: 1
    resources:
        **NEEDS.of("features"),
    params:
        **STAGES.params(
            "benchmarks.baselines.embedding --view {wildcards.view} --threads {threads}",
            loads=["architectures.efficientnet_lite"],
        ),
    message:
        "Compute the frozen features of the images of {wildcards.view} px"
    shell:
        "{params.run} > {log:q} 2>&1"


rule baselines:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "folds/{protocol}.parquet",
        ancient(expand(RESULTS / "{kind}_{size}.npy", kind=["images", "masks"], size=STUDY.sizes()[0])),
        expand(RESULTS / "features_{view}.npy", view=[view.name for view in STUDY.embedding_views()]),
        RESULTS / "dataset.json",
    output:
        expand(
            RESULTS / "cells/{baseline}/{{protocol}}/{{fold}}/{file}",
            baseline=BASELINES,
            file=["predictions.parquet", "validation_predictions.parquet", "runtime.json"],
        ),
    log:
        LOGS / "baselines/{protocol}/{fold}.log",
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    resources:
        **NEEDS.of("baselines"),
    params:
        **STAGES.params(
            "benchmarks.baselines.baselines --protocol {wildcards.protocol} --fold {wildcards.fold} --threads {threads}",
            loads=["architectures.efficientnet_lite"],
        ),
        settings=STUDY.cell_settings(BASELINES[0], ""),
    message:
        "Fit the baselines of {wildcards.protocol}/{wildcards.fold}"
    shell:
        "{params.run} > {log:q} 2>&1"
