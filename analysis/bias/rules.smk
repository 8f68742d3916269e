# Verdicts on what the models rely on.


rule bias:
    input:
        RESULTS / "tables/probes.csv",
        RESULTS / "tables/groups.csv",
        RESULTS / "tables/headline.csv",
        expand(
            RESULTS / "cams/{architecture}{end}",
            architecture=ARCHITECTURES,
            end=[".csv", "_heat.csv", "_sanity.csv", "_interventions.csv"],
        ),
    output:
        tables(
            ["gradcam", "heat", "sanity", "interventions", "changes", "bias"],
            "Explanations and bias",
            "bias",
        ),
    log:
        LOGS / "bias.log",
    conda:
        "../../envs/benchmark.yaml"
    resources:
        **NEEDS.of("bias"),
    params:
        **STAGES.params(
            "analysis.explanations.explain --collect",
            "analysis.explanations.changes",
            "analysis.bias.bias",
        ),
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Judge what the networks rely on"
    shell:
        "({params.run}) > {log:q} 2>&1"
