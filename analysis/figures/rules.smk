# The figures of a study.

# Start of the name of a figure, and its category in `snakemake --report`; the first match counts.
FIGURES = {
    **dict.fromkeys(["headline", "confusion", "roc", "reliability"], "Results"),
    **dict.fromkeys(["data", "leakage", "shortcuts", "heatmaps"], "Audit"),
    **dict.fromkeys(["differences", "ranks", "control", "positive_control", "learning_patients"], "Comparison"),
    **dict.fromkeys(["gradcam", "bias"], "Explanations and bias"),
    **dict.fromkeys(["learning", "search", "importance"], "Training"),
}


rule figures:
    input:
        HEATMAPS,
        rules.leakage.output,
        rules.shortcuts.output,
        STATISTICS,
        rules.tables.output,
        rules.bias.output,
        # The survey's figure, where the study has several publications
        [RESULTS / "tables/replays.csv", RESULTS / "tables/claims.csv"] if STUDY.publications else [],
        expand(RESULTS / "cams/{architecture}.npz", architecture=ARCHITECTURES),
        ARRAYS,
    output:
        tables(["gradcam_summary"], "Explanations and bias", "bias"),
        report(
            directory(RESULTS / "figures"),
            patterns=["{figure}.svg"],
            category=lambda wildcards: next(
                (FIGURES[start] for start in FIGURES if wildcards.figure.startswith(start)), "Other"
            ),
            subcategory="Figures",
            caption=str(CODE / "reports/captions/figures.rst"),
            labels={"figure": "{figure}"},
        ),
    log:
        LOGS / "figures.log",
    conda:
        "../../envs/report.yaml"
    threads: 2
    resources:
        **NEEDS.of("figures"),
    params:
        **STAGES.params("analysis.figures.figures --threads {threads}"),
    message:
        "Draw the figures"
    shell:
        "{params.run} > {log:q} 2>&1"
