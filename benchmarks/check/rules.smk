# An architecture's file, checked before anything trains.


def architecture_module(wildcards):
    """The module of an architecture."""
    return [f"architectures.{wildcards.architecture}"]


# A mistake in an architecture file must show before anything trains: hence the priority.
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
    params:
        **STAGES.params(
            "benchmarks.check.contract --architecture {wildcards.architecture}",
            loads=architecture_module,
        ),
        settings=lambda wildcards: STUDY.architectures[wildcards.architecture],
    message:
        "Check that {wildcards.architecture} keeps its contract"
    shell:
        "{params.run} > {log:q} 2>&1"
