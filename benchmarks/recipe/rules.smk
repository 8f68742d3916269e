# Maps of frozen layers, computed once for all folds.


rule maps:
    input:
        RESULTS / "samples.parquet",
        lambda wildcards: [
            ancient(RESULTS / f"images_{view.name}.npy") for view in STUDY.maps_views(wildcards.architecture)
        ],
        RESULTS / "architectures/{architecture}.json",
    output:
        RESULTS / "maps_{architecture}.npy",
    log:
        LOGS / "maps_{architecture}.log",
    # First, while all cores are free.
    priority: 1000
    conda:
        "../../envs/benchmark.yaml"
    # A heavy job before many light ones; its numbers do not depend on the threads.
    threads: 8
    resources:
        **NEEDS.of("maps"),
    params:
        **STAGES.params(
            "benchmarks.recipe.maps --architecture {wildcards.architecture} --threads {threads}",
            loads=STAGES.architecture,
        ),
        settings=lambda wildcards: STUDY.maps_settings(wildcards.architecture),
    message:
        "Compute the maps of {wildcards.architecture}'s frozen layers"
    shell:
        "{params.run} > {log:q} 2>&1"
