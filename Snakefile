# mammobench: study -> samples -> folds -> cells -> scores and Grad-CAM -> report.
#
#   snakemake --cores 8                                          the default study, demo
#   snakemake --cores 8 --config study=laptop data=PATH          another study, on the data at PATH
#   snakemake --cores 8 --config study=laptop                    on the data that `make data` downloaded
#   snakemake --cores 8 --config study=laptop data=PATH folds=3  with another value of one of its keys
#   snakemake --cores 8 pdf                                      report.pdf and supplement.pdf too, by latexmk
#   snakemake --cores 8 status                                   how the cells stand, during a run too
#   snakemake --cores 8 plan                                     what a run will take: time, memory, disk
#   snakemake --cores 1 survey                                   all publications, from the studies that have finished
#   snakemake --cores 8 planted_bias                             are planted shortcuts found? (about an hour)
#
# Each rule calls one module; `python -m benchmarks.training --help` and its like run without Snakemake.
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")
CODE = Path(str(workflow.current_basedir))
if not (CODE / "benchmarks").is_dir():
    raise WorkflowError(f"{CODE} has no benchmarks folder: clone the whole repository, and name the clone's Snakefile")
sys.path.insert(0, str(CODE))

from benchmarks.errors import BadInput
from benchmarks.fetch.cache import with_cached_data
from benchmarks.plan.resources import Needs
from benchmarks.protocols import EXTERNAL, base
from benchmarks.run.archived import recorded_digest
from benchmarks.run.hooks import Run
from benchmarks.run.rest import WITHOUT, rest
from benchmarks.run.snakemake_private import moves
from benchmarks.run.stages import Stages
from benchmarks.study.names import BASELINES
from benchmarks.study.study import load_study
from benchmarks.study.study_file import configured

if Path("config/config.yaml").is_file():

    configfile: "config/config.yaml"


try:
    STUDY = with_cached_data(load_study(*configured(config)))
    if WITHOUT in os.environ:
        STUDY = rest(STUDY, os.environ[WITHOUT].split())
    recorded_digest(STUDY)  # raises where the data are missing, unless an archive stands for them
    STAGES = Stages(STUDY)
    RUN = Run(workflow, STUDY, STAGES.code)
except BadInput as error:
    raise WorkflowError(str(error)) from None

RESULTS = STUDY.results()
if moves(workflow, RESULTS):
    raise WorkflowError(f"results always stand in {RESULTS}: leave out the module's prefix or replace_prefix")
LOGS = RESULTS / "logs"
ARCHITECTURES = list(STUDY.architectures)
FOLDS = expand(RESULTS / "folds/{protocol}.parquet", protocol=STUDY.all_protocols())
# Lists every cell with the moment it was finished, and so stands for their files: ten stages times all cells would be
# more than Snakemake plans in a minute where there are ten thousand.
ALL_CELLS = RESULTS / "tables/cells.csv"
# Written with samples.parquet, which holds a digest of every image: their own time stamps say nothing more.
ARRAYS = ancient(expand(RESULTS / "{kind}_{size}.npy", kind=["images", "masks"], size=STUDY.sizes()))
NEEDS = Needs(STUDY)
REPLAYS = [
    STUDY.replay_folder(*replay, fold) / "runtime.json" for replay in STUDY.replays() for fold in STUDY.cells(replay[2])
]


report: "reports/captions/workflow.rst"


wildcard_constraints:
    architecture="|".join(ARCHITECTURES),
    protocol="|".join(STUDY.all_protocols()),
    split="|".join(STUDY.splits()) or "none",
    any_protocol="|".join([*STUDY.splits(), *STUDY.all_protocols()]),
    publication="|".join(STUDY.publications) or "none",
    fold=r"\d+",


onstart:
    try:
        RUN.start()
    except BadInput as error:
        raise WorkflowError(str(error)) from None


onsuccess:
    if RUN.succeed():
        from reports.article.facts import answer
        from reports.results import Results

        print(answer(Results(STUDY)))
        print(f"The report is {RESULTS.resolve() / 'report/report.html'}")


onerror:
    RUN.fail()


rule all:
    default_target: True
    input:
        # Named here, as the rule itself is read later.
        expand(RESULTS / "report/{page}.{kind}", page=["report", "supplement"], kind=["html", "tex"]),
        RESULTS / "results.json",
        # A cell that somebody deleted is trained again, whatever has been made of it.
        [cell / "runtime.json" for cell in STAGES.cells],
        [RESULTS / "tables/replays.csv"] if STUDY.publications else [],
    message:
        "Report and tables are there"


# Nothing to run: onsuccess prints it. Allowed while another run is at work.
rule status:
    message:
        "How the cells of study {STUDY.name} stand"


# No part of a study: it prints what a run of the study will take.
rule plan:
    log:
        LOGS / "plan.log",
    conda:
        "envs/benchmark.yaml"
    params:
        launch=CODE / "benchmarks/run/launch.py",
        study=shlex.quote(STUDY.source.argument),
        data=f"--data {shlex.quote(str(STUDY.data))}" if STUDY.data else "",
        cores=lambda wildcards: workflow.cores,
    message:
        "Plan study {STUDY.name}"
    shell:
        "python {params.launch:q} benchmarks.plan.__main__ --study {params.study} {params.data}"
        " --cores {params.cores} 2>&1 | tee {log:q}"


include: "benchmarks/samples/rules.smk"
include: "benchmarks/check/rules.smk"
include: "benchmarks/cells/rules.smk"
include: "benchmarks/baselines/rules.smk"
include: "benchmarks/recipe/rules.smk"
include: "benchmarks/replays/rules.smk"
include: "analysis/common.smk"
include: "analysis/rules.smk"
include: "analysis/scores/rules.smk"
include: "analysis/audit/rules.smk"
include: "analysis/explanations/rules.smk"
include: "analysis/bias/rules.smk"
include: "analysis/claims/rules.smk"
include: "analysis/survey/rules.smk"
include: "analysis/figures/rules.smk"
include: "reports/rules.smk"
include: "reports/survey/rules.smk"
include: "benchmarks/validation/rules.smk"
