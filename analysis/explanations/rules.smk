# Saliency maps and changed films, architecture by architecture, on a fixed set of probes.


rule probes:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
    output:
        tables(["probes"], "Explanations and bias", "probes"),
    log:
        LOGS / "probes.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("probes"),
    params:
        **STAGES.params("analysis.explanations.probes"),
        settings=[STUDY.seed, STUDY.probes],
    message:
        "Choose the images to explain"
    shell:
        "{params.run} > {log:q} 2>&1"


rule explain:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "tables/probes.csv",
        lambda wildcards: ancient(
            expand(RESULTS / "{kind}_{size}.npy", kind=["images", "masks"], size=STUDY.size_of(wildcards.architecture))
        ),
        lambda wildcards: [
            STUDY.cell_folder(wildcards.architecture, protocol, fold) / name
            for protocol in STUDY.protocols
            for fold in STUDY.cells(protocol)
            for name in ["model.keras", "runtime.json", "hyperparameters.json"]
        ],
    output:
        expand(
            RESULTS / "cams/{{architecture}}{end}",
            end=[".npz", ".csv", "_heat.csv", "_sanity.csv", "_interventions.csv"],
        ),
    log:
        LOGS / "explain/{architecture}.log",
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    resources:
        **NEEDS.of("explain"),
    params:
        **STAGES.params(
            "analysis.explanations.explain --architecture {wildcards.architecture} --threads {threads}",
            loads=STAGES.architecture,
        ),
        seed=STUDY.seed,
    message:
        "Explain {wildcards.architecture}"
    shell:
        "{params.run} > {log:q} 2>&1"


rule heatmaps:
    input:
        RESULTS / "tables/probes.csv",
        lambda wildcards: ancient(RESULTS / f"images_{STUDY.size_of(wildcards.architecture)}.npy"),
        expand(RESULTS / "cells/{{architecture}}/published/0/{file}", file=["model.keras", "runtime.json"]),
    output:
        RESULTS / "cams/{architecture}_heatmaps.csv",
        RESULTS / "cams/{architecture}_heatmaps.npz",
    log:
        LOGS / "heatmaps/{architecture}.log",
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    resources:
        **NEEDS.of("heatmaps"),
    params:
        **STAGES.params(
            "analysis.explanations.heatmaps --architecture {wildcards.architecture} --threads {threads}",
            loads=STAGES.architecture,
        ),
        seed=STUDY.seed,
    message:
        "Repeat the published heat map of {wildcards.architecture}"
    shell:
        "{params.run} > {log:q} 2>&1"


HEATMAPS = expand(
    RESULTS / "cams/{architecture}_heatmaps.{kind}", architecture=STUDY.published_architectures(), kind=["csv", "npz"]
)
