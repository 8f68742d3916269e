"""Test of the bias checks on planted shortcuts: are models that rely on the shortcut flagged, and others not?

    python -m benchmarks.validation.planted_bias --shortcuts label border --strengths 0 1 --seeds 1 2 --jobs 2

For each shortcut, strength and random seed: write a study of data set `planted` into <out>/studies, train its cells,
redraw the test images with the other state of the artefact, run the stages of `analysis` that judge bias, and collect,
one row a model (the cells of an architecture in all folds, which together predict every sample once),

    <out>/runs.csv            shortcut, strength, seed, architecture, n_patients, n (images), accuracy (as planted),
                              accuracy_agreeing, accuracy_contradicting (artefact in the state of the class, and in the
                              other), reliance (agreeing - contradicting), reliance_low, reliance_high (95% bootstrap
                              over patients), learnt (reliance_low > LEARNT), flip_rate (share of predictions that
                              change with the artefact), indifferent (flip_rate < LEARNT), seconds (training and
                              predictions)
    <out>/verdicts.csv        shortcut, strength, seed and the study's tables/bias.csv; verdict is its
                              verdict_before_skill, as the checks are tested on models without skill, too;
                              verdict_uncorrected is before the correction for the number of checks
    <out>/planted_bias.csv    detection rates: benchmarks/validation/planted_summary.py
    <out>/calls.csv           finished, seconds and jobs of every complete call; --report adds up the seconds

A study is trained unless results/<study>/planted_runs.csv exists with the same settings, and judged unless
results/<study>/tables/bias.csv has q values.
"""

import argparse
import datetime
import itertools
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks import backend, datasets, reference, stored
from benchmarks.datasets import planted
from benchmarks.errors import BadInput, run_cli
from benchmarks.protocols import BY_PATIENT
from benchmarks.run.launch import LAUNCH
from benchmarks.study.names import BASELINES
from benchmarks.study.study import Study, load_study
from benchmarks.validation.planted_settings import ARCHITECTURES, SETTINGS, STAGES
from benchmarks.validation.planted_summary import summary

# A tenth of the predictions, the threshold of thresholds.py. Reliance is measured, as the strength does not determine
# whether a model relies on the artefact: trained on few images, a model may use an artefact without information.
LEARNT = 0.1
RUNS = "planted_runs.csv"


def study_content(shortcut: str, strength: float, seed: int, architectures: list[str], patients: int) -> dict:
    """Return the content of the study file for one planted shortcut."""
    dataset = {"name": "planted", "patients": patients, "shortcut": shortcut, "strength": strength}
    chosen = {name: ARCHITECTURES[name] for name in architectures}
    return SETTINGS | {"seed": seed, "dataset": dataset, "architectures": chosen}


def reliance(agreeing: np.ndarray, contradicting: np.ndarray, patient: pd.Series, n: int, seed: int) -> dict:
    """Return the loss of accuracy with the other state of the artefact, with a 95% CI of `n` resamples of patients.

    `agreeing` and `contradicting`, bool (N,): is the prediction correct with the artefact in the state of the class,
    and in the other state?
    """
    lost = pd.Series(agreeing.astype(int) - contradicting.astype(int))
    differs = lost.groupby(patient.to_numpy()).agg(["sum", "size"])
    share = np.full(len(differs), 1 / len(differs))
    counts = np.random.default_rng(seed).multinomial(len(differs), share, size=n)
    low, high = np.quantile((counts @ differs["sum"]) / (counts @ differs["size"]), [0.025, 0.975])
    found = {"reliance": differs["sum"].sum() / differs["size"].sum(), "reliance_low": low, "reliance_high": high}
    return found | {"learnt": bool(low > LEARNT)}


def train(study: Study) -> pd.DataFrame:
    """Draw the samples, train all cells and baselines in this process, and return the study's rows of runs.csv."""
    from benchmarks.baselines.baselines import fit_cell
    from benchmarks.baselines.embedding import embed_view
    from benchmarks.cells.cell import Cell
    from benchmarks.cells.load import load
    from benchmarks.cells.model import saved_model
    from benchmarks.cells.predict import predict
    from benchmarks.cells.training import train_cell
    from benchmarks.cells.write import predictions_table
    from benchmarks.samples.folds import write_folds
    from benchmarks.samples.samples import write_samples

    write_samples(study)
    write_folds(study, BY_PATIENT)
    for view in study.embedding_views():
        embed_view(study, view.name, threads=1)
    samples = stored.table(study.results() / "samples.parquet")
    images = _redrawn(study)
    classes = sorted(planted.STATE_OF_CLASS[study.dataset["shortcut"]])
    for name, fold in itertools.product(BASELINES, study.cells(BY_PATIENT)):
        cell = Cell(study, name, BY_PATIENT, fold)
        fit_cell(cell, load(cell), threads=1)
    runs = []
    for architecture in study.architectures:
        started = time.perf_counter()
        tables = []
        for fold in study.cells(BY_PATIENT):
            cell = Cell(study, architecture, BY_PATIENT, fold)
            train_cell(cell, threads=1)
            table = stored.table(cell.folder / "predictions.parquet")
            model = saved_model(architecture, cell.folder / "model.keras")
            rows = table["sample"].map(samples.set_index("sample")["row"]).to_numpy()
            answers = {
                name: predictions_table(predict(model, drawn[rows][..., np.newaxis])[0], table, classes)["predicted"]
                for name, drawn in images.items()
            }
            tables.append(table.assign(**answers))
        about = {"architecture": architecture, **_row(pd.concat(tables, ignore_index=True), study)}
        runs.append(_named(study) | about | {"seconds": round(time.perf_counter() - started, 1)})
    return pd.DataFrame(runs)


def _redrawn(study: Study) -> dict[str, np.ndarray]:
    """Return the images uint8 (N, S, S) with the artefact in the state of the class, and in the other state."""
    options = datasets.options(study.dataset)
    of_class = planted.shown_states(options, study.seed)["class_state"]
    one, other = planted.all_states(options["shortcut"])
    states = {"agreeing": of_class, "contradicting": of_class.map({one: other, other: one})}
    size = study.image_size
    return {name: planted.counterfactual(options, study.seed, size, list(own)) for name, own in states.items()}


def _row(table: pd.DataFrame, study: Study) -> dict:
    right = {name: (table[name] == table["label"]).to_numpy() for name in ("predicted", "agreeing", "contradicting")}
    found = reliance(right["agreeing"], right["contradicting"], table["patient"], study.bootstrap, study.seed)
    flipped = (table["agreeing"] != table["contradicting"]).mean()
    numbers = {"n_patients": table["patient"].nunique(), "n": len(table), "accuracy": right["predicted"].mean()}
    numbers |= {f"accuracy_{name}": right[name].mean() for name in ("agreeing", "contradicting")}
    numbers |= found | {"flip_rate": flipped, "indifferent": bool(flipped < LEARNT)}
    return {key: round(float(value), 4) if isinstance(value, float) else value for key, value in numbers.items()}


def _named(study: Study) -> dict:
    return {key: study.dataset[key] for key in ("shortcut", "strength")} | {"seed": study.seed}


def judge(study: Study) -> None:
    """Run the stages that judge bias as commands, since benchmarks does not import analysis."""
    probes, explain, *others = STAGES
    explained = [[explain, "--architecture", name] for name in study.architectures]
    for module, *options in [[probes], *explained, [explain, "--collect"], *([stage] for stage in others)]:
        subprocess.run([*LAUNCH, module, "--study", str(study.path), *options], check=True)


def run_one(path: str) -> None:
    """Train and judge one study, unless done already."""
    backend.prepare(1)
    study = load_study(path)
    if not (study.results() / RUNS).exists():
        train(study).to_csv(study.results() / RUNS, index=False)
    if not _is_judged(study):
        judge(study)


def _is_judged(study: Study) -> bool:
    """Return whether there are verdicts, corrected for the number of checks: those of earlier versions were not."""
    return _verdicts(study).exists() and "q" in stored.table(_verdicts(study))


def _verdicts(study: Study) -> Path:
    return study.results() / "tables" / "bias.csv"


def _judged(study: Study) -> pd.DataFrame:
    """Return the study's rows of verdicts.csv, with the verdicts on models without skill too: false alarms count."""
    table = stored.table(_verdicts(study))
    table["verdict"] = table["verdict_before_skill"]
    named = _named(study)
    return table.assign(**named)[[*named, *table]]


def write_study(content: dict, folder: Path) -> Study:
    """Write a study file into `folder` and load it; delete the results of a run with other settings."""
    path = folder / "planted_{shortcut}_{strength:g}_{seed}.yaml".format(**content["dataset"], seed=content["seed"])
    text = yaml.safe_dump(content, sort_keys=False)
    folder.mkdir(parents=True, exist_ok=True)
    changed = not path.exists() or path.read_text() != text
    path.write_text(text)
    study = load_study(str(path))
    study.check_data()
    if changed:
        (study.results() / RUNS).unlink(missing_ok=True)
        _verdicts(study).unlink(missing_ok=True)
    return study


def finish(study: Study, logs: Path) -> None:
    """Run one study in a new process, unless done already. Raises BadInput that names the log after a failure."""
    if (study.results() / RUNS).exists() and _is_judged(study):
        return
    log = logs / f"{study.name}.log"
    command = [*LAUNCH, "benchmarks.validation.planted_bias", "--one", str(study.path)]
    with log.open("w") as stream:
        code = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT).returncode
    if code:
        raise BadInput(f"study {study.name} failed; see the log {log}")
    print(f"{study.name} is done", flush=True)


def record_call(path: Path, seconds: float, jobs: int) -> pd.DataFrame:
    """Append this call to `path` and return all calls."""
    finished = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    call = pd.DataFrame([{"finished": finished, "seconds": round(seconds, 1), "jobs": jobs}])
    calls = pd.concat([stored.table(path), call]) if path.exists() else call
    calls.to_csv(path, index=False)
    return calls


def main() -> None:
    """Run the studies and write the tables."""
    parser = argparse.ArgumentParser(description="Check the bias checks on planted shortcuts.")
    known = list(planted.STATE_OF_CLASS)
    parser.add_argument("--shortcuts", nargs="+", choices=known, default=known, metavar="SHORTCUT")
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.0, 0.5, 0.9, 1.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--architectures", nargs="+", choices=ARCHITECTURES, default=list(ARCHITECTURES))
    parser.add_argument("--patients", type=int, default=planted.OPTIONS["patients"])
    parser.add_argument("--out", type=Path, default=Path("results/planted_bias"))
    parser.add_argument("--jobs", type=int, default=2, help="studies at the same time, each on one thread")
    parser.add_argument("--report", action="store_true", help="keep the summary in benchmarks/reference")
    parser.add_argument("--one", metavar="STUDY", help="only train and judge this study file, in this process")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.one:
        run_one(arguments.one)
        return
    studies = [
        write_study(
            study_content(shortcut, strength, seed, arguments.architectures, arguments.patients),
            arguments.out / "studies",
        )
        for shortcut in arguments.shortcuts
        for strength in arguments.strengths
        for seed in arguments.seeds
    ]
    logs = arguments.out / "logs"
    logs.mkdir(exist_ok=True)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        # After a failure, map starts no further study.
        list(pool.map(lambda study: finish(study, logs), studies))
    runs = pd.concat([stored.table(study.results() / RUNS) for study in studies], ignore_index=True)
    verdicts = pd.concat([_judged(study) for study in studies], ignore_index=True)
    rates = summary(runs, verdicts)
    for name, table in {"runs": runs, "verdicts": verdicts, "planted_bias": rates}.items():
        table.to_csv(arguments.out / f"{name}.csv", index=False)
    calls = record_call(arguments.out / "calls.csv", time.perf_counter() - started, arguments.jobs)
    if arguments.report:
        words = [word for word in sys.argv[1:] if word != "--report"]
        command = shlex.join(["python", "-m", "benchmarks.validation.planted_bias", *words])
        about = {"seconds": round(calls["seconds"].sum()), "jobs": arguments.jobs} | reference.about(command)
        rates.assign(**about).to_csv(reference.FOLDER / "planted_bias.csv", index=False)


if __name__ == "__main__":
    run_cli(main)
