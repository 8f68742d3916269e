# Article and supplement, as pages and as LaTeX.


rule report:
    input:
        RESULTS / "dataset.json",
        RESULTS / "tables/gradcam_summary.csv",
        # gradcam_summary.csv is made with it; a folder's own time stamp changes whenever the folder is copied.
        ancient(RESULTS / "figures"),
        rules.bias.output,
        STATISTICS,
        rules.leakage.output,
        rules.shortcuts.output,
        rules.claims.output,
        rules.tables.output,
        RESULTS / "tables/probes.csv",
    output:
        RESULTS / "provenance.json",
        report(
            RESULTS / "report/report.html",
            category="Report",
            caption="captions/report.rst",
            labels={"file": "report.html"},
        ),
        report(
            RESULTS / "report/supplement.html",
            category="Report",
            caption="captions/report.rst",
            labels={"file": "supplement.html"},
        ),
        RESULTS / "report/report.tex",
        RESULTS / "report/supplement.tex",
    log:
        LOGS / "report.log",
    conda:
        "../envs/report.yaml"
    resources:
        **NEEDS.of("report"),
    params:
        **STAGES.params(
            "reports.provenance",
            "reports.render",
            files=[
                *CODE.glob("benchmarks/reference/*.csv"),
                *CODE.glob("reports/templates/**/*.*"),
                *CODE.glob("reports/checklists/*.yaml"),
            ],
        ),
        description=STUDY.description,
        failed=os.environ.get(WITHOUT),
    message:
        "Write the report"
    shell:
        "({params.run}) > {log:q} 2>&1"


# The main tables in one file (analysis/dictionary/interchange.py).
rule results:
    input:
        RESULTS / "dataset.json",
        rules.bias.output,
        STATISTICS,
        rules.leakage.output,
        rules.shortcuts.output,
        rules.claims.output,
    output:
        RESULTS / "results.json",
    log:
        LOGS / "results.log",
    conda:
        "../envs/benchmark.yaml"
    resources:
        **NEEDS.of("results"),
    params:
        **STAGES.params("analysis.dictionary.interchange", files=[*CODE.glob("analysis/dictionary/tables/*.yaml")]),
        description=STUDY.description,
    message:
        "Write the main tables as one JSON file"
    shell:
        "{params.run} > {log:q} 2>&1"


rule pdf:
    input:
        RESULTS / "report/report.tex",
        RESULTS / "report/supplement.tex",
    output:
        RESULTS / "report/report.pdf",
        RESULTS / "report/supplement.pdf",
    log:
        LOGS / "pdf.log",
    conda:
        "../envs/latex.yaml"
    params:
        folder=RESULTS / "report",
    message:
        "Compile article and supplement as PDF"
    shell:
        "latexmk -pdf -interaction=nonstopmode -halt-on-error -cd {input:q} > {log:q} 2>&1"
