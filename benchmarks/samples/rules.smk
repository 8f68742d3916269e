# The images of a study decoded once, and split into folds.


rule samples:
    output:
        RESULTS / "samples.parquet",
        RESULTS / "dataset.json",
        expand(RESULTS / "images_{view}.npy", view=[view.name for view in STUDY.views()]),
        expand(RESULTS / "masks_{size}.npy", size=STUDY.sizes()),
        [RESULTS / "sources.csv"] if STUDY.sources_found else [],
    log:
        LOGS / "samples.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("samples"),
    params:
        **STAGES.params("benchmarks.samples.__main__", loads=STAGES.adapters, data=True),
        dataset=STUDY.dataset,
        seed=STUDY.seed,
        crop=STUDY.crop,
    message:
        "Draw or decode the images"
    shell:
        "{params.run} > {log:q} 2>&1"


rule folds:
    input:
        RESULTS / "samples.parquet",
    output:
        RESULTS / "folds/{protocol}.parquet",
    log:
        LOGS / "folds/{protocol}.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("folds"),
    params:
        **STAGES.params("benchmarks.samples.folds --protocol {wildcards.protocol}", loads=STAGES.protocol),
        settings=lambda wildcards: [
            *(STUDY.seed, STUDY.folds, STUDY.repeats, STUDY.training["images"]),
            *(STUDY.external["test"] if base(wildcards.protocol) == EXTERNAL else []),
        ],
    message:
        "Split the samples as {wildcards.protocol}"
    shell:
        "{params.run} > {log:q} 2>&1"
