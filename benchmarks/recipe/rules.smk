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
    # First, as many light jobs wait for it.
    priority: 1000
    conda:
        "../../envs/benchmark.yaml"
    # On some processors, the last bits depend on the number of threads.
    threads: 1
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
