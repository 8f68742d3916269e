# Replays: the networks of the study's publications, trained by their own recipes.


rule split:
    input:
        RESULTS / "samples.parquet",
    output:
        RESULTS / "folds/{split}.parquet",
    log:
        LOGS / "folds/{split}.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("split"),
    params:
        **STAGES.params("benchmarks.replays.folds --protocol {wildcards.split}"),
        settings=lambda wildcards: STUDY.split_settings(wildcards.split),
    message:
        "Split the samples as {wildcards.split}"
    shell:
        "{params.run} > {log:q} 2>&1"


rule replay:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "folds/{any_protocol}.parquet",
        RESULTS / "dataset.json",
        lambda wildcards: ancient(
            RESULTS / f"images_{STUDY.replay_settings(wildcards.publication, wildcards.variant)['image_size']}.npy"
        ),
    output:
        RESULTS / "replays/{publication}/{variant}/{any_protocol}/{fold}/predictions.parquet",
        RESULTS / "replays/{publication}/{variant}/{any_protocol}/{fold}/history.csv",
        RESULTS / "replays/{publication}/{variant}/{any_protocol}/{fold}/runtime.json",
    log:
        LOGS / "replays/{publication}/{variant}/{any_protocol}/{fold}.log",
    # After the cells, which the report waits for.
    priority: 1
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    resources:
        **NEEDS.of("replay"),
    params:
        **STAGES.params(
            "benchmarks.replays.replay --publication {wildcards.publication} --variant {wildcards.variant}"
            " --protocol {wildcards.any_protocol} --fold {wildcards.fold} --threads {threads}",
            loads=STAGES.variant,
        ),
        settings=lambda wildcards: STUDY.replay_settings(wildcards.publication, wildcards.variant),
    message:
        "Replay {wildcards.publication}/{wildcards.variant}/{wildcards.any_protocol}/{wildcards.fold}"
    shell:
        "{params.run} > {log:q} 2>&1"
