# The survey over publications: no part of a study, from whatever studies have finished.


# No output, so that it runs whenever it is asked for: which studies have finished, Snakemake does not know.
rule survey:
    log:
        "results/survey/survey.log",
    conda:
        "../../envs/report.yaml"
    params:
        **STAGES.params("reports.survey.__main__", study=False),
    message:
        "Survey all publications"
    shell:
        "{params.run} 2>&1 | tee {log:q}"
