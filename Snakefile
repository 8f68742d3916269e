# mammobench: study -> samples -> folds -> cells -> scores and Grad-CAM -> report.
#
#   snakemake --cores 8                                          the default study, demo
#   snakemake --cores 8 --config study=laptop data=PATH          another study, on the data at PATH
#   snakemake --cores 8 --config study=laptop data=PATH folds=3  with another value of one of its keys
#   snakemake --cores 8 pdf                                      report.pdf too, by latexmk
#   snakemake --cores 8 status                                   how the cells stand, during a run too
#   snakemake --cores 8 planted_bias                             are planted shortcuts found? (about an hour)
#
# Each rule is one call of one module; `python -m benchmarks.training --help` and its like run without Snakemake.
import contextlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")
CODE = Path(str(workflow.current_basedir))
if not (CODE / "benchmarks").is_dir():
    raise WorkflowError(f"{CODE} has no benchmarks folder: clone the whole repository, and name the clone's Snakefile")
sys.path.insert(0, str(CODE))

from benchmarks.backend import TENSORFLOW
from benchmarks.code import digest, modules_digest
from benchmarks.errors import BadInput
from benchmarks.lock import claim, release
from benchmarks.protocols import EXTERNAL, PUBLISHED, base, variant
from benchmarks.resources import Needs
from benchmarks.rest import WITHOUT, failures_file, note_failures, rest
from benchmarks.status import print_status
from benchmarks.study import BASELINES, load_study
from benchmarks.study_file import configured
from benchmarks.warm import serving
from benchmarks.watch import Watch

if Path("config/config.yaml").is_file():

    configfile: "config/config.yaml"


try:
    STUDY = load_study(*configured(config))
    if WITHOUT in os.environ:
        STUDY = rest(STUDY, os.environ[WITHOUT].split())
    STUDY.check_data()
except BadInput as error:
    raise WorkflowError(str(error)) from None

RESULTS = STUDY.results()
if workflow.modifier.path_modifier.replace_prefix(str(RESULTS)) != str(RESULTS):
    raise WorkflowError(f"results always stand in {RESULTS}: leave out the module's prefix or replace_prefix")
DATA_OPTION = f"--data {shlex.quote(str(STUDY.data))}" if STUDY.data else ""
LOGS = RESULTS / "logs"
ARCHITECTURES = list(STUDY.architectures)
CELLS = [STUDY.cell_folder(name, protocol, fold) for name, protocol in STUDY.pairs() for fold in STUDY.cells(protocol)]
TRAINED = [cell for cell in CELLS if cell.parts[-3] not in BASELINES]
FOLDS = expand(RESULTS / "folds/{protocol}.parquet", protocol=STUDY.all_protocols())
HEATMAPS = expand(
    RESULTS / "cams/{architecture}_heatmaps.{kind}", architecture=STUDY.published_architectures(), kind=["csv", "npz"]
)
# Categories of `snakemake --report`
AUDIT, BIAS, COMPARISON, SCORES, TRAINING = "Audit", "Explanations and bias", "Comparison", "Results", "Training"
# how names of figures begin -> category; the first that fits
FIGURES = {
    **dict.fromkeys(["headline", "confusion", "roc", "reliability"], SCORES),
    **dict.fromkeys(["data", "leakage", "shortcuts", "heatmaps"], AUDIT),
    **dict.fromkeys(["differences", "ranks", "control", "learning_patients"], COMPARISON),
    **dict.fromkeys(["gradcam", "bias"], BIAS),
    **dict.fromkeys(["learning", "search", "importance"], TRAINING),
}
# module of analysis/ -> category, its tables, and what else of analysis/ they rest on
STATISTICS = {
    "collapse": (TRAINING, ["collapse"], []),
    "comparison": (
        COMPARISON,
        ["comparison", "ranks"],
        ["bootstrap", "metrics", "probability_metrics", "significance", "tasks"],
    ),
    "control": (COMPARISON, ["control"], ["accuracy", "bootstrap"]),
    "external": (SCORES, ["external"], ["accuracy", "bootstrap"]),
    "learning_curve": (COMPARISON, ["learning_curve", "learning_gain"], ["accuracy", "bootstrap"]),
    "tuning_gain": (TRAINING, ["tuning", "importance"], ["accuracy", "bootstrap", "importance"]),
}
# Not the files, as each would be one more input of every cell.
CODE_OF_ALL_CELLS = modules_digest(
    CODE / f"benchmarks/{part}.py" for part in ["batches", "cell", "model", "reuse", "shared", "training", "tuning"]
)
CODE_OF_CELLS = {
    name: [CODE_OF_ALL_CELLS, modules_digest([CODE / f"architectures/{name}.py"])] for name in ARCHITECTURES
}
NEEDS = Needs(STUDY)
WATCH = Watch(STUDY)
# Lists every cell with the moment it was finished, and so stands for their files: ten stages times all cells would be
# more than Snakemake plans in a minute where there are ten thousand.
ALL_CELLS = RESULTS / "tables/cells.csv"
WARM = contextlib.ExitStack()
ARRAYS = expand(RESULTS / "{kind}_{size}.npy", kind=["images", "masks"], size=STUDY.sizes())


def cells_of(jobs):
    """(architecture, protocol, fold) of the cells among `jobs`."""
    return [
        (job.wildcards.architecture, job.wildcards.protocol, int(job.wildcards.fold))
        for job in jobs
        if job.rule.name == "cell"
    ]


def precedence(wildcards):
    """The longest cells first, those of published size; then an architecture's together, as they share a process."""
    published = variant(wildcards.protocol) == PUBLISHED
    return 2 + len(ARCHITECTURES) * published + ARCHITECTURES.index(wildcards.architecture)


def python(wildcards, output):
    """How a command starts a module. It takes `output` to be no reason for a rerun where the code lies elsewhere."""
    return f"python {shlex.quote(str(CODE / 'benchmarks/launch.py'))}"


def study(wildcards, output):
    """The study for a command. It takes `output` to be no reason for a rerun: a rule's settings say what it rests on."""
    return STUDY.source.argument


def tables(names, category, caption):
    """tables/<name>.csv as outputs that `snakemake --report` shows."""
    shown = {"category": category, "subcategory": "Tables", "caption": f"reports/captions/{caption}.rst"}
    return [report(RESULTS / f"tables/{name}.csv", labels={"table": name}, **shown) for name in names]


report: "reports/captions/workflow.rst"


wildcard_constraints:
    architecture="|".join(ARCHITECTURES),
    protocol="|".join(STUDY.all_protocols()),
    fold=r"\d+",


onstart:
    jobs = [*workflow.dag.needrun_jobs()]
    if [job for job in jobs if job.rule.name != "status"]:
        try:
            claim(RESULTS)
        except BadInput as error:
            raise WorkflowError(str(error)) from None
        if WITHOUT not in os.environ:
            failures_file(STUDY).unlink(missing_ok=True)
        WATCH.start(cells_of(workflow.dag.jobs), cells_of(jobs))
        if workflow.local_exec:
            # By its limit of jobs a second Snakemake looks over all that wait every second, once for each job so far.
            workflow.scheduler.job_rate_limiter = None
        if workflow.local_exec and sys.platform == "linux" and STUDY.backend == TENSORFLOW:
            WARM.enter_context(serving(workflow.cores))


onsuccess:
    WARM.close()
    names = {job.rule.name for job in workflow.dag.jobs}
    if "status" in names:
        print_status(STUDY)
    elif WATCH.cells:
        print(WATCH.summary())
    if "report" in names:
        from reports.findings import answer
        from reports.results import Results

        print(answer(Results(STUDY).networks("headline"), STUDY.protocols))
        print(f"The report is {RESULTS.resolve() / 'report/report.html'}")


onerror:
    WARM.close()
    print(WATCH.failure())
    wanted = "report" in {job.rule.name for job in workflow.dag.jobs} and WITHOUT not in os.environ
    if failed := note_failures(STUDY) if wanted else []:
        print(f"The report is written without {', '.join(failed)}.")
        release()
        again = [sys.executable, "-m", "snakemake", *sys.argv[1:]]
        subprocess.run(again, env=os.environ | {WITHOUT: " ".join(failed)})


rule all:
    default_target: True
    input:
        RESULTS / "report/report.html",
        RESULTS / "report/report.tex",
        # A cell that somebody deleted is trained again, whatever has been made of it.
        [cell / "runtime.json" for cell in CELLS],
    message:
        "Report and tables are there"


rule samples:
    input:
        code=[CODE / "benchmarks/samples.py", CODE / f"benchmarks/datasets/{STUDY.dataset['name']}.py"],
        data=STUDY.data_paths(),
    output:
        RESULTS / "samples.parquet",
        RESULTS / "dataset.json",
        ARRAYS,
    log:
        LOGS / "samples.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        dataset=STUDY.dataset,
        seed=STUDY.seed,
        data=DATA_OPTION,
    message:
        "Draw or decode the images"
    shell:
        "{params.python} benchmarks.samples --study {params.study:q} {params.data} > {log:q} 2>&1"


rule folds:
    input:
        RESULTS / "samples.parquet",
    output:
        RESULTS / "folds/{protocol}.parquet",
    log:
        LOGS / "folds/{protocol}.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=lambda wildcards: [
            *(STUDY.seed, STUDY.folds, STUDY.repeats, STUDY.training["images"]),
            *(STUDY.external["test"] if base(wildcards.protocol) == EXTERNAL else []),
        ],
        # Not the file, lest one protocol more trains the cells of all others again.
        code=lambda wildcards: digest(CODE / "benchmarks/protocols.py", "make_folds", base(wildcards.protocol)),
    message:
        "Split the samples as {wildcards.protocol}"
    shell:
        "{params.python} benchmarks.protocols --study {params.study:q} --protocol {wildcards.protocol} > {log:q} 2>&1"


# A mistake in an architecture file must show before anything trains: hence the priority.
rule architecture:
    input:
        RESULTS / "dataset.json",
        code=[CODE / f"benchmarks/{name}.py" for name in ["model", "shared"]]
        + [CODE / "architectures/{architecture}.py"],
    output:
        RESULTS / "architectures/{architecture}.json",
    log:
        LOGS / "architectures/{architecture}.log",
    priority: 1
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=lambda wildcards: STUDY.architectures[wildcards.architecture],
    message:
        "Check that {wildcards.architecture} keeps its contract"
    shell:
        "{params.python} benchmarks.model --study {params.study:q} --architecture {wildcards.architecture} > {log:q} 2>&1"


rule cell:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "folds/{protocol}.parquet",
        lambda wildcards: RESULTS / f"images_{STUDY.size_of(wildcards.architecture)}.npy",
        RESULTS / "architectures/{architecture}.json",
    output:
        RESULTS / "cells/{architecture}/{protocol}/{fold}/trials.csv",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/hyperparameters.json",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/history.csv",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/model.keras",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/predictions.parquet",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/validation_predictions.parquet",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/default_predictions.parquet",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/runtime.json",
    log:
        LOGS / "cells/{architecture}/{protocol}/{fold}.log",
    priority: precedence
    conda:
        "envs/benchmark.yaml"
    threads: 1
    # For a cluster. On one machine they bound nothing unless --resources does.
    resources:
        mem_mb=lambda wildcards, attempt: NEEDS.memory_mb(wildcards.architecture, wildcards.protocol, attempt),
        runtime=lambda wildcards, attempt: NEEDS.minutes(wildcards.architecture, wildcards.protocol, attempt),
    params:
        python=python,
        study=study,
        settings=lambda wildcards: STUDY.cell_settings(wildcards.architecture, wildcards.protocol),
        code=lambda wildcards: CODE_OF_CELLS[wildcards.architecture],
    message:
        "Train {wildcards.architecture}/{wildcards.protocol}/{wildcards.fold}"
    shell:
        "{params.python} benchmarks.training --study {params.study:q} --architecture {wildcards.architecture}"
        " --protocol {wildcards.protocol} --fold {wildcards.fold} --threads {threads} > {log:q} 2>&1"


rule baselines:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "folds/{protocol}.parquet",
        RESULTS / f"images_{STUDY.sizes()[0]}.npy",
        RESULTS / "dataset.json",
        code=[CODE / f"benchmarks/{name}.py" for name in ["baselines", "cell"]],
    output:
        expand(
            RESULTS / "cells/{baseline}/{{protocol}}/{{fold}}/{file}",
            baseline=BASELINES,
            file=["predictions.parquet", "validation_predictions.parquet", "runtime.json"],
        ),
    log:
        LOGS / "baselines/{protocol}/{fold}.log",
    conda:
        "envs/benchmark.yaml"
    threads: 1
    params:
        python=python,
        study=study,
        settings=STUDY.cell_settings(BASELINES[0], ""),
    message:
        "Fit the baselines of {wildcards.protocol}/{wildcards.fold}"
    shell:
        "{params.python} benchmarks.baselines --study {params.study:q} --protocol {wildcards.protocol}"
        " --fold {wildcards.fold} --threads {threads} > {log:q} 2>&1"


rule scores:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        ALL_CELLS,
        code=[
            CODE / f"analysis/{name}.py"
            for name in [
                *("scores", "accuracy", "bootstrap", "collapse", "curves", "metrics"),
                *("predictions", "probability_metrics", "tasks"),
            ]
        ],
    output:
        tables(
            [
                *("scores", "per_class", "headline", "inflation", "roc", "reliability"),
                *(f"confusion_{name}_{protocol}" for name in STUDY.compared() for protocol in STUDY.protocols),
            ],
            SCORES,
            "scores",
        ),
    log:
        LOGS / "scores.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Score all predictions"
    shell:
        "{params.python} analysis.scores --study {params.study:q} > {log:q} 2>&1"


for statistic, (category, names, modules) in STATISTICS.items():

    rule:
        name:
            statistic
        input:
            RESULTS / "samples.parquet",
            FOLDS,
            ALL_CELLS,
            code=[CODE / f"analysis/{name}.py" for name in [statistic, "predictions", *modules]],
        output:
            tables(names, category, statistic),
        log:
            LOGS / f"{statistic}.log",
        conda:
            "envs/benchmark.yaml"
        params:
            python=python,
            study=study,
            module=f"analysis.{statistic}",
            settings=[STUDY.seed, STUDY.bootstrap],
        message:
            f"Work out {statistic}"
        shell:
            "{params.python} {params.module} --study {params.study:q} > {log:q} 2>&1"


rule tables:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        [cell / name for cell in CELLS for name in ["runtime.json", "predictions.parquet"]],
        [cell / name for cell in TRAINED for name in ["trials.csv", "history.csv"]],
        RESULTS / "tables/probes.csv",
        code=CODE / "analysis/tables.py",
    output:
        tables(["cells", "trials", "history"], TRAINING, "cells"),
        tables(["data", "datasets", "folds", "fold_notes"], AUDIT, "data"),
    log:
        LOGS / "tables.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
    message:
        "Collect the cells' tables"
    shell:
        "{params.python} analysis.tables --study {params.study:q} > {log:q} 2>&1"


rule probes:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        code=CODE / "analysis/probes.py",
    output:
        tables(["probes"], BIAS, "probes"),
    log:
        LOGS / "probes.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=[STUDY.seed, STUDY.probes],
    message:
        "Choose the images to explain"
    shell:
        "{params.python} analysis.probes --study {params.study:q} > {log:q} 2>&1"


rule explain:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "tables/probes.csv",
        lambda wildcards: expand(
            RESULTS / "{kind}_{size}.npy", kind=["images", "masks"], size=STUDY.size_of(wildcards.architecture)
        ),
        lambda wildcards: [
            STUDY.cell_folder(wildcards.architecture, protocol, fold) / name
            for protocol in STUDY.protocols
            for fold in STUDY.cells(protocol)
            for name in ["model.keras", "runtime.json", "hyperparameters.json"]
        ],
        code=[
            CODE / f"analysis/{name}.py"
            for name in ["edits", "explain", "gradcam", "heat", "interventions", "regions", "sanity"]
        ],
    output:
        expand(
            RESULTS / "cams/{{architecture}}{end}",
            end=[".npz", ".csv", "_heat.csv", "_sanity.csv", "_interventions.csv"],
        ),
    log:
        LOGS / "explain/{architecture}.log",
    conda:
        "envs/benchmark.yaml"
    threads: 1
    params:
        python=python,
        study=study,
        seed=STUDY.seed,
    message:
        "Explain {wildcards.architecture}"
    shell:
        "{params.python} analysis.explain --study {params.study:q} --architecture {wildcards.architecture}"
        " --threads {threads} > {log:q} 2>&1"


rule groups:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        ALL_CELLS,
        code=[
            CODE / f"analysis/{name}.py"
            for name in ["bootstrap", "groups", "metrics", "predictions", "probability_metrics", "tasks", "thresholds"]
        ],
    output:
        tables(["groups"], BIAS, "groups"),
    log:
        LOGS / "groups.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Compare groups of patients"
    shell:
        "{params.python} analysis.groups --study {params.study:q} > {log:q} 2>&1"


rule bias:
    input:
        RESULTS / "tables/probes.csv",
        RESULTS / "tables/groups.csv",
        expand(
            RESULTS / "cams/{architecture}{end}",
            architecture=ARCHITECTURES,
            end=[".csv", "_heat.csv", "_sanity.csv", "_interventions.csv"],
        ),
        code=[
            CODE / f"analysis/{name}.py"
            for name in ["bias", "bias_checks", "bootstrap", "changes", "thresholds", "tidy"]
        ],
    output:
        tables(["gradcam", "heat", "sanity", "interventions", "changes", "bias"], BIAS, "bias"),
    log:
        LOGS / "bias.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Judge what the networks lean on"
    shell:
        "({params.python} analysis.explain --study {params.study:q} --collect"
        " && {params.python} analysis.changes --study {params.study:q}"
        " && {params.python} analysis.bias --study {params.study:q}) > {log:q} 2>&1"


rule leakage:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        code=[CODE / f"analysis/{name}.py" for name in ["copies", "leakage", "partners"]],
        data=STUDY.data_paths(),
    output:
        tables(["leakage", "leakage_pairs", "conflicts"], AUDIT, "leakage"),
    log:
        LOGS / "leakage.log",
    conda:
        "envs/benchmark.yaml"
    threads: 1
    params:
        python=python,
        study=study,
        data=DATA_OPTION,
    message:
        "Look for copies across the parts of each split"
    shell:
        "{params.python} analysis.leakage --study {params.study:q} {params.data} --threads {threads} > {log:q} 2>&1"


rule shortcuts:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        RESULTS / f"masks_{max(STUDY.sizes())}.npy",
        code=[
            *(
                CODE / f"analysis/{name}.py"
                for name in ["copies", "metrics", "probability_metrics", "shortcut_features", "shortcuts"]
            ),
            CODE / "benchmarks/baselines.py",
            CODE / "benchmarks/breast.py",
        ],
        data=STUDY.data_paths(),
    output:
        tables(["shortcuts"], AUDIT, "shortcuts"),
    log:
        LOGS / "shortcuts.log",
    conda:
        "envs/benchmark.yaml"
    threads: 1
    params:
        python=python,
        study=study,
        settings=[STUDY.seed, STUDY.bootstrap],
        data=DATA_OPTION,
    message:
        "Predict the labels without a look at the breast"
    shell:
        "{params.python} analysis.shortcuts --study {params.study:q} {params.data} --threads {threads} > {log:q} 2>&1"


rule heatmaps:
    input:
        RESULTS / "tables/probes.csv",
        lambda wildcards: RESULTS / f"images_{STUDY.size_of(wildcards.architecture)}.npy",
        expand(RESULTS / "cells/{{architecture}}/published/0/{file}", file=["model.keras", "runtime.json"]),
        code=[CODE / f"analysis/{name}.py" for name in ["gradcam", "heatmaps"]],
    output:
        RESULTS / "cams/{architecture}_heatmaps.csv",
        RESULTS / "cams/{architecture}_heatmaps.npz",
    log:
        LOGS / "heatmaps/{architecture}.log",
    conda:
        "envs/benchmark.yaml"
    threads: 1
    params:
        python=python,
        study=study,
        seed=STUDY.seed,
    message:
        "Repeat the published heat map of {wildcards.architecture}"
    shell:
        "{params.python} analysis.heatmaps --study {params.study:q} --architecture {wildcards.architecture}"
        " --threads {threads} > {log:q} 2>&1"


rule claims:
    input:
        RESULTS / "samples.parquet",
        FOLDS,
        HEATMAPS,
        rules.scores.output,
        rules.tables.output,
        rules.leakage.output,
        sorted(CODE.glob("benchmarks/reference/*.csv")),
        code=[
            *(CODE / f"analysis/{name}.py" for name in ["claims", "accuracy", "heatmaps", "measured"]),
            *([STUDY.claims] if STUDY.claims else []),
        ],
    output:
        tables(["heatmaps", "claims"], AUDIT, "claims"),
    log:
        LOGS / "claims.log",
    conda:
        "envs/benchmark.yaml"
    params:
        python=python,
        study=study,
        settings=[STUDY.seed, STUDY.bootstrap],
    message:
        "Judge the published claims"
    shell:
        "({params.python} analysis.heatmaps --study {params.study:q} --collect"
        " && {params.python} analysis.claims --study {params.study:q}) > {log:q} 2>&1"


rule figures:
    input:
        HEATMAPS,
        rules.scores.output,
        rules.leakage.output,
        rules.shortcuts.output,
        [getattr(rules, name).output for name in STATISTICS],
        rules.tables.output,
        rules.bias.output,
        expand(RESULTS / "cams/{architecture}.npz", architecture=ARCHITECTURES),
        ARRAYS,
        code=[
            *sorted(CODE.glob("analysis/figures*.py")),
            *(
                CODE / f"analysis/{name}.py"
                for name in ["contact_sheet", "copies", "gradcam_summary", "regions", "style", "tidy"]
            ),
        ],
    output:
        tables(["gradcam_summary"], BIAS, "bias"),
        report(
            directory(RESULTS / "figures"),
            patterns=["{figure}.svg"],
            category=lambda wildcards: next(
                (FIGURES[start] for start in FIGURES if wildcards.figure.startswith(start)), "Other"
            ),
            subcategory="Figures",
            caption="reports/captions/figures.rst",
            labels={"figure": "{figure}"},
        ),
    log:
        LOGS / "figures.log",
    conda:
        "envs/report.yaml"
    threads: 2
    params:
        python=python,
        study=study,
    message:
        "Draw the figures"
    shell:
        "{params.python} analysis.figures --study {params.study:q} --threads {threads} > {log:q} 2>&1"


rule report:
    input:
        RESULTS / "dataset.json",
        RESULTS / "tables/gradcam_summary.csv",
        RESULTS / "figures",
        rules.bias.output,
        RESULTS / "tables/groups.csv",
        rules.scores.output,
        [getattr(rules, name).output for name in STATISTICS],
        rules.leakage.output,
        rules.shortcuts.output,
        rules.claims.output,
        rules.tables.output,
        RESULTS / "tables/probes.csv",
        sorted(CODE.glob("benchmarks/reference/*.csv")),
        code=[
            *(CODE / f"analysis/{name}.py" for name in ["bias_checks", "thresholds"]),
            *(
                path
                for path in sorted(CODE.glob("reports/**/*"))
                if path.suffix in {".py", ".j2", ".css", ".js", ".sty", ".yaml", ".bib"}
            ),
        ],
    output:
        RESULTS / "provenance.json",
        report(
            RESULTS / "report/report.html",
            category="Report",
            caption="reports/captions/report.rst",
            labels={"file": "report.html"},
        ),
        RESULTS / "report/report.tex",
    log:
        LOGS / "report.log",
    conda:
        "envs/report.yaml"
    params:
        python=python,
        study=study,
        description=STUDY.description,
        failed=os.environ.get(WITHOUT),
    message:
        "Write the report"
    shell:
        "({params.python} reports.provenance --study {params.study:q}"
        " && {params.python} reports.render --study {params.study:q}) > {log:q} 2>&1"


rule pdf:
    input:
        RESULTS / "report/report.tex",
    output:
        RESULTS / "report/report.pdf",
    log:
        LOGS / "pdf.log",
    conda:
        "envs/latex.yaml"
    params:
        folder=RESULTS / "report",
    message:
        "Compile the report as PDF"
    shell:
        "latexmk -pdf -interaction=nonstopmode -halt-on-error -cd {input:q} > {log:q} 2>&1"


# Nothing to run: onsuccess prints it. Allowed while another run is at work.
rule status:
    message:
        "How the cells of study {STUDY.name} stand"


# No part of a study: whether the bias checks find what they should, on models that learnt planted shortcuts.
rule planted_bias:
    input:
        code=[
            *sorted(CODE.glob("analysis/*.py")),
            *sorted(CODE.glob("benchmarks/**/*.py")),
            *(CODE / f"architectures/{name}.py" for name in ["simple", "shufflenet"]),
        ],
    output:
        expand("results/planted_bias/{table}.csv", table=["planted_bias", "runs", "verdicts"]),
    log:
        "results/planted_bias/planted_bias.log",
    conda:
        "envs/benchmark.yaml"
    # Only once it is asked for: other commands need not say how many cores there are.
    threads: lambda wildcards: workflow.cores
    params:
        python=python,
    message:
        "Train and judge networks on planted shortcuts"
    shell:
        "{params.python} benchmarks.planted_bias --jobs {threads} > {log:q} 2>&1"
