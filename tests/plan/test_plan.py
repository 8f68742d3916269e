"""The plan of a run: when jobs end, what they take, which do not fit, costs that are kept."""

import json
import time

import keras_tuner
import pytest
from test_workflow import SMALL, write_study

from benchmarks.plan import costs, measure, table
from benchmarks.plan.compare import compared, read_log
from benchmarks.plan.costs import Cost, Line
from benchmarks.plan.due import Job, due_jobs
from benchmarks.plan.estimate import Estimate, Estimator
from benchmarks.plan.kinds import Kind
from benchmarks.plan.recorded import Recorded, hyperband
from benchmarks.plan.schedule import finish_times
from benchmarks.plan.sizes import Sizes, sizes_of
from benchmarks.run.code import Code
from benchmarks.study.names import BASELINES
from benchmarks.study.study import load_study

SEARCHED = Kind("simple", "search")
COST = Cost(
    start=10, trial=1, epoch=2, step=Line(0, 0.1), check=Line(0, 0.05), answer=Line(3, 0.5), write=4,
    memory_mb=Line(500, 10), disk_mb=7, structures=8,
)  # fmt: skip


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path)
    return load_study("small.yaml")


def job(number, rule="cell", needs=(), **more):
    return Job(number, rule, {}, needs=tuple(needs), **more)


def test_jobs_wait_for_cores_and_for_what_they_need():
    # Two cores: 0 and 1 start; 0 ends at 3, then 2 runs until 5; 3 needs 1 and 2 and ends at 9.
    jobs = [job(0), job(1), job(2), job(3, needs=[1, 2])]
    assert finish_times(jobs, {0: 3, 1: 4, 2: 2, 3: 4}, 2) == {0: 3, 1: 4, 2: 5, 3: 9}
    assert finish_times(jobs, {0: 3, 1: 4, 2: 2, 3: 4}, 1) == {0: 3, 1: 7, 2: 9, 3: 13}


def test_a_higher_priority_starts_first():
    jobs = [job(0), job(1, priority=5)]
    assert finish_times(jobs, {0: 3, 1: 4}, 1) == {1: 4, 0: 7}


def test_a_job_with_many_threads_takes_all_cores():
    # Nothing else runs beside job 0; a job of fewer threads than are free may run past a larger one.
    jobs = [job(0, threads=8), job(1), job(2)]
    assert finish_times(jobs, {0: 3, 1: 4, 2: 5}, 2) == {0: 3, 1: 7, 2: 8}


def test_one_gpu_runs_one_job_of_a_rule_at_once():
    jobs = [job(0), job(1), job(2, rule="leakage")]
    assert finish_times(jobs, {0: 3, 1: 4, 2: 5}, 4, ["cell"], 1) == {0: 3, 1: 7, 2: 5}


def test_no_jobs_take_no_time():
    assert finish_times([], {}, 2) == {}


def test_training_takes_its_steps_epochs_and_trials(study):
    # 2 trials of patience 1 of at most 2 epochs, share 0.65: 2 x 1.65 epochs. An epoch of 32 images and 16 checked:
    # 32 x 0.1 s in steps of 8, 16 or 32; 0.05 s x 16 checked in batches of 8 or 16, and x 32 for one of 32.
    sizes = Sizes(100, 50, 64, 8, {("by_patient", 0): (32, 16, 8)}, {"by_patient": 8})
    estimator = Estimator(study, sizes, {SEARCHED: COST}, 2, Recorded(study), pace=1)
    own = Job(0, "cell", {"architecture": "simple", "protocol": "by_patient", "fold": "0"})
    epoch = 2 + 3.2 + (0.8 + 0.8 + 1.6) / 3
    # Of eight structures a worker keeps four traced: the second trial is traced in one of two cells. 16 + 8 + 8 images
    # are predicted.
    expected = 10 + (1 + 10 / 2) + 2 * 1.65 * epoch + 3 + 0.5 * 32
    found = estimator.all([own])[0]
    assert found.seconds == pytest.approx(expected + COST.write + 0.6)
    # The largest batch is of 32 images; the pages of 56 images of 32 px count once, beside four kept models.
    assert found.memory_mb == pytest.approx(140 + 4 * 65 + 500 + 320 + 56 * 32 * 32 / 1e6)


def test_the_published_recipe_holds_its_images_in_memory(study):
    sizes = Sizes(100, 50, 64, 8, {("published", 0): (32, 16, 8)}, {"published": 8})
    kind = Kind("simple", "published")
    own = Job(0, "cell", {"architecture": "simple", "protocol": "published", "fold": "0"})
    found = Estimator(study, sizes, {kind: COST}, 2, Recorded(study), pace=1).all([own])[0]
    # The published batch is of 128 images; 56 images of 32 px stand three times in memory.
    assert found.memory_mb == pytest.approx(140 + 500 + 10 * 128 + 3 * 56 * 32 * 32 / 1e6)


def test_a_finished_cell_counts_more_than_the_measured_steps(study):
    folder = study.cell_folder("simple", "by_patient", 1)
    folder.mkdir(parents=True)
    seconds = {"training": 100, "prediction": 20}
    (folder / "runtime.json").write_text(json.dumps({"image_size": 32, "peak_memory_mb": 640, "seconds": seconds}))
    sizes = Sizes(100, 50, 64, 8, {("by_patient", 0): (32, 16, 8)}, {})
    own = Job(0, "cell", {"architecture": "simple", "protocol": "by_patient", "fold": "0"})
    found = Estimator(study, sizes, {SEARCHED: COST}, 2, Recorded(study), pace=1).all([own])[0]
    assert found == Estimate(120 + COST.write + 0.6, 640, pytest.approx(7.2))
    assert (
        Estimator(study, sizes, {SEARCHED: COST}, 2, Recorded(study, learn=False), pace=1).all([own])[0].memory_mb > 800
    )


def test_other_stages_take_longer_on_a_slower_machine_by_its_pace(study):
    sizes = Sizes(100, 50, 64, 8, {}, {})
    fast, slow = (Estimator(study, sizes, {}, 2, Recorded(study), pace) for pace in (1, 3))
    claims = Job(0, "claims", {})
    assert fast.all([claims])[0].seconds == pytest.approx(0.8 + 0.6)
    assert slow.all([claims])[0].seconds == pytest.approx(3 * (0.8 + 0.6))
    assert slow.all([claims])[0].memory_mb == fast.all([claims])[0].memory_mb


@pytest.mark.parametrize("most", [1, 2, 9, 40, 50, 100])
def test_hyperband_is_kerastuners(most):
    oracle = keras_tuner.oracles.HyperbandOracle(objective="val_loss", max_epochs=most)
    sizes, until = [], []
    for bracket in range(oracle._get_num_brackets()):
        for number in range(oracle._get_num_rounds(bracket)):
            sizes.append(oracle._get_size(bracket, number))
            before = oracle._get_epochs(bracket, number - 1) if number else 0
            until.append(oracle._get_epochs(bracket, number) - before)
    assert hyperband(most) == list(zip(sizes, until, strict=True))


def test_what_does_not_fit_is_named_with_what_to_lower():
    jobs = [Job(0, "cell", {"architecture": "vgg16"}), Job(1, "leakage", {})]
    found = {0: Estimate(1, 3000, 10), 1: Estimate(1, 900, 10)}
    assert table.does_not_fit(jobs, found, 2, 4000, 100) == []
    (large,) = table.does_not_fit(jobs, found, 2, 2000, 100)
    assert large.startswith("cell vgg16: a job needs 3,000 MB of 2,000 MB; lower image_size or batch_size")
    (both,) = table.does_not_fit(jobs, found, 2, 3500, 100)
    assert both == "2 jobs at once may need 3,900 MB of 3,500 MB; use CORES=1"
    (disk,) = table.does_not_fit(jobs, found, 2, 4000, 15)
    assert disk.startswith("results need 20 MB of 15 MB of free disk")


def test_rows_add_up():
    jobs = [Job(n, "cell", {"architecture": name}) for n, name in enumerate(["simple", "simple", "vgg16"])]
    rows = table.table_rows([*jobs, Job(3, "all", {})], {n: Estimate(n + 1, 100 * n, 1) for n in range(4)})
    assert [(row.stage, row.jobs, row.seconds, row.memory_mb) for row in rows] == [
        ("cell simple", 2, 3, 100),
        ("cell vgg16", 1, 3, 200),
    ]
    assert (table.total(rows).seconds, table.total(rows).disk_mb) == (6, 3)


class Digest:
    """Stands for Code: its digest is given."""

    def __init__(self, text):
        self.text = text

    def digest(self, modules):
        return f"{self.text} {sorted(modules)}"


def test_a_cost_is_kept_until_its_code_changes(study, monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("measured again")

    file = costs.cost_file(study, SEARCHED, 8, Digest("old"))
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(COST.content()))
    monkeypatch.setattr(costs.subprocess, "run", fail)
    assert costs.measured_costs(study, [SEARCHED], 8, Digest("old")) == {SEARCHED: COST}
    with pytest.raises(AssertionError, match="measured again"):
        costs.measured_costs(study, [SEARCHED], 8, Digest("new"))
    assert costs.known_costs(study, [SEARCHED, Kind("vgg16", "search")], 8, Digest("old")) == {SEARCHED: COST}


def test_a_cost_depends_on_size_and_options_but_not_on_the_number_of_trials(study, tmp_path):
    def file(**changes):
        write_study(tmp_path, **changes)
        return costs.cost_file(load_study("small.yaml"), SEARCHED, 8, Digest("same"))

    first = file()
    assert file(search={"trials": 9}, seed=3) == first
    assert file(image_size=48) != first
    assert file(architectures={"simple": {"filters": [8, 8]}}) != first


def test_a_line_goes_through_both_points_and_is_never_negative():
    assert Line.through(2, 10, 4, 14) == Line(6, 2)
    assert Line.through(2, 1, 4, 8) == Line(0, 2)
    assert Line.through(2, 10, 4, 8) == Line(8, 0)


def test_a_step_is_measured(study):
    found = costs.measured_costs(study, [SEARCHED], 8, Code())[SEARCHED]
    assert found.start > 0 and found.step.at(8) > 0 and found.check.at(8) > 0
    assert 200 < found.memory_mb.at(32) < 3000
    assert 0 < found.disk_mb < 5
    # Three widths of filters and three numbers of dense units
    assert found.structures == 9


def test_a_very_slow_network_is_measured_by_one_epoch_of_the_small_batch(study, monkeypatch):
    monkeypatch.setattr(measure, "SLOWEST", 0)
    found = measure.measured(study, SEARCHED, 8, time.process_time)
    assert found.start > 0 and found.epoch == 0 and found.trial == 0
    # A step is in proportion to its batch.
    assert found.step.at(8) == pytest.approx(4 * found.step.at(2)) and found.step.at(2) > 0
    assert found.memory_mb.at(8) >= found.memory_mb.at(2) > 100


def test_due_jobs_are_snakemakes(study):
    jobs = due_jobs(study, 2)
    own = [job for job in jobs if job.rule == "cell"]
    expected = {
        (name, protocol, str(fold))
        for name, protocol in study.pairs()
        if name not in BASELINES
        for fold in study.cells(protocol)
    }
    assert {tuple(job.wildcards[key] for key in ("architecture", "protocol", "fold")) for job in own} == expected
    assert {need for job in jobs for need in job.needs} <= {job.id for job in jobs}
    samples = next(job.id for job in jobs if job.rule == "samples")
    assert all(samples in job.needs for job in own)


def test_sizes_are_known_before_an_image_is_decoded(study):
    found = sizes_of(study)
    train, validation, test = found.parts["by_patient", 0]
    assert train + validation + test == found.upright == found.tested["by_patient"]
    assert found.parts["by_patient_n4", 0][0] < train
    assert found.pixels == SMALL["dataset"]["side"] ** 2


LOG = """Provided cores: 2
[Sat Nov 28 22:26:30 2026]
Job 2: Draw or decode the images
[Sat Nov 28 22:26:34 2026]
Finished jobid: 2 (Rule: samples)
[Sat Nov 28 22:26:35 2026]
Job 7: Train simple/by_patient/0
Job 8: Train simple/by_patient/1
[Sat Nov 28 22:26:45 2026]
Finished jobid: 8 (Rule: cell)
[Sat Nov 28 22:26:55 2026]
Finished jobid: 7 (Rule: cell)
"""


def test_a_finished_run_is_read_from_its_log_and_compared():
    run = read_log(LOG)
    assert (run.seconds, run.cores) == (25, 2)
    assert [(job.rule, job.wildcards.get("fold"), seconds) for job, seconds in run.jobs] == [
        ("samples", None, 4),
        ("cell", "1", 10),
        ("cell", "0", 20),
    ]
    cells = [{"architecture": "simple", "protocol": "by_patient", "fold": fold} for fold in "01"]
    jobs = [Job(0, "samples", {}), Job(1, "cell", cells[0]), Job(2, "cell", cells[1])]
    estimates = {0: Estimate(2, 1, 1), 1: Estimate(15, 1, 1), 2: Estimate(12, 1, 1)}
    rows = compared(run, jobs, estimates, {"simple/by_patient/0": 18.0})
    assert [(row.stage, row.jobs, row.foretold, row.took, row.cpu) for row in rows] == [
        ("cell simple", 2, 27, 30, 18.0),
        ("samples", 1, 2, 4, None),
    ]
