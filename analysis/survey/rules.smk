# Tables of the publications that the study replays.


rule replays:
    input:
        RESULTS / "samples.parquet",
        expand(RESULTS / "folds/{split}.parquet", split=STUDY.splits()),
        REPLAYS,
        [
            STUDY.cell_folder(baseline, protocol, fold) / "predictions.parquet"
            for baseline in BASELINES
            for protocol in STUDY.protocols
            for fold in STUDY.cells(protocol)
        ],
    output:
        tables(["replays", "replay_figures", "replay_leaks"], "Replays", "replays"),
    log:
        LOGS / "replays.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("replays"),
    params:
        **STAGES.params(
            "analysis.survey.replays",
            files=[CODE / f"benchmarks/publications/{name}/publication.yaml" for name in STUDY.publications],
        ),
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Measure the replays of other publications"
    shell:
        "{params.run} > {log:q} 2>&1"
