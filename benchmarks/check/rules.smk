# Check of each architecture's file, before any cell.


# High priority: a mistake in an architecture's file must be reported before any cell trains.
rule architecture:
    input:
        RESULTS / "dataset.json",
    output:
        RESULTS / "architectures/{architecture}.json",
    log:
        LOGS / "architectures/{architecture}.log",
    priority: 1
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("architecture"),
    params:
        **STAGES.params(
            "benchmarks.check.contract --architecture {wildcards.architecture}",
            loads=STAGES.architecture,
        ),
        settings=lambda wildcards: STUDY.architectures[wildcards.architecture],
    message:
        "Check that {wildcards.architecture} keeps its contract"
    shell:
        "{params.run} > {log:q} 2>&1"
