# The bias checks tested on models that learnt planted shortcuts: no part of a study.


from benchmarks.validation import planted_settings


rule planted_bias:
    output:
        expand("results/planted_bias/{table}.csv", table=["planted_bias", "runs", "verdicts"]),
    log:
        "results/planted_bias/planted_bias.log",
    conda:
        "../../envs/benchmark.yaml"
    # Only once it is asked for: other commands need not say how many cores there are.
    threads: lambda wildcards: workflow.cores
    params:
        **STAGES.params(
            "benchmarks.validation.planted_bias --jobs {threads}",
            loads=[
                *planted_settings.STAGES,
                *(f"architectures.{name}" for name in planted_settings.ARCHITECTURES),
                "benchmarks.datasets.planted",
            ],
            study=False,
        ),
    message:
        "Train and judge networks on planted shortcuts"
    shell:
        "{params.run} > {log:q} 2>&1"
