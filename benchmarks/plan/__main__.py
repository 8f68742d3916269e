"""What a run will take, before it starts: python -m benchmarks.plan --study demo --cores 2 (`make plan`).

Lists the due jobs as Snakemake does, measures the cost of a training step of each architecture (at most two minutes,
once for each code and machine), and prints for each stage jobs, time, memory and disk, and the time of the whole run.
Says which jobs do not fit the memory and what to lower. Jobs request their memory and time by this plan.
"""

import argparse
import dataclasses
import json
from collections.abc import Sequence

from benchmarks import backend
from benchmarks.errors import BadInput, run_cli
from benchmarks.fetch.cache import with_cached_data
from benchmarks.plan import table
from benchmarks.plan.costs import SECONDS, gpus, measured_costs
from benchmarks.plan.due import Job, due_jobs
from benchmarks.plan.estimate import TRAINING, Estimate, Estimator
from benchmarks.plan.kinds import kind_of
from benchmarks.plan.pace import pace
from benchmarks.plan.recorded import Recorded
from benchmarks.plan.resources import write_needs
from benchmarks.plan.sizes import sizes_of
from benchmarks.run.code import Code
from benchmarks.study.command import DATA, STUDY
from benchmarks.study.study import Study, load_study


@dataclasses.dataclass(frozen=True)
class Plan:
    """The due jobs of a study, the estimate of each by its id, and the kinds of training that are not measured yet."""

    jobs: Sequence[Job]
    estimates: dict[int, Estimate]
    unmeasured: list[str]

    def print_unmeasured(self) -> None:
        """Print what is guessed, and how to have it measured."""
        if self.unmeasured:
            print(
                f"Not measured yet, guessed: {', '.join(self.unmeasured)}. Run the command again, with a longer --wait."
            )


def planned(study: Study, cores: int, everything: bool = False, learn: bool = True, wait: float = SECONDS) -> Plan:
    """Plan a run of `study`; with `everything`, of finished jobs too; with `learn`, from what finished cells recorded.

    Measures what has not been measured for at most `wait` seconds. Raises BadInput if nothing could be measured, or if
    Snakemake can't plan the run.
    """
    jobs = due_jobs(study, cores, everything)
    sizes = sizes_of(study)
    kinds = [*dict.fromkeys(kind_of(study, job.rule, job.wildcards) for job in jobs if job.rule in TRAINING)]
    costs = measured_costs(study, kinds, sizes.classes, Code(), wait)
    if kinds and not costs:
        raise BadInput(f"no step was measured within {wait:.0f} s; free the cores, or set a longer --wait")
    estimates = Estimator(study, sizes, costs, cores, Recorded(study, learn), pace()).all(jobs)
    return Plan(jobs, estimates, [kind.name for kind in kinds if kind not in costs])


def main() -> None:
    """Print the plan of a study."""
    parser = argparse.ArgumentParser(description="Print what a run of a study will take.")
    parser.add_argument("--study", required=True, help=STUDY)
    parser.add_argument("--data", help=DATA)
    parser.add_argument("--cores", default="all", help="number of cores of the run (default: all)")
    parser.add_argument("--memory", type=float, help="memory in GB of the machine of the run (default: this machine's)")
    parser.add_argument("--at-once", type=int, default=100, help="jobs that a cluster runs at once (default: 100)")
    parser.add_argument("--wait", type=float, default=SECONDS, help=f"seconds to measure steps (default: {SECONDS})")
    parser.add_argument("--all", action="store_true", help="plan finished jobs, too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    study = with_cached_data(load_study(asked.study, asked.data))
    machine = backend.hardware()
    cores = machine["cores"] if asked.cores == "all" else int(asked.cores)
    memory_mb = (asked.memory or machine["memory_gb"]) * 1024
    plan = planned(study, cores, asked.all, wait=asked.wait)
    write_needs(study, plan.jobs, plan.estimates)
    rows = table.table_rows(plan.jobs, plan.estimates)
    seconds = {
        f"{cores} cores": table.run_seconds(plan.jobs, plan.estimates, cores),
        f"a cluster, {asked.at_once} jobs at once, without its queue": table.cluster_seconds(
            plan.jobs, plan.estimates, asked.at_once
        ),
    }
    if gpus():
        seconds[f"{cores} cores and one GPU, one job at a time on it"] = table.run_seconds(
            plan.jobs, plan.estimates, cores, places=1
        )
    problems = table.does_not_fit(plan.jobs, plan.estimates, cores, memory_mb, table.free_disk_mb(study.results()))
    if asked.json:
        more = {"seconds": seconds, "problems": problems, "unmeasured": plan.unmeasured, "study": study.name}
        print(json.dumps(table.as_json(rows, **more), indent=2))
        return
    table.print_table(rows)
    for where, own in seconds.items():
        print(f"study {study.name} on {where}: {table.duration(own)}")
    if not gpus():
        print("This machine has no GPU. Make the plan on a machine with one: steps are measured there.")
    plan.print_unmeasured()
    for problem in problems:
        print(f"does not fit: {problem}")


if __name__ == "__main__":
    run_cli(main)
