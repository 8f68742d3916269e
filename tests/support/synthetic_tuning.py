"""Tables of search, learning curve and both controls of a made-up results folder."""

from analysis.comparison import control, importance, learning_curve, positive_control, tuning_gain
from analysis.tasks import AUC
from benchmarks.study.names import BASELINES

HYPERPARAMETERS = {"learning_rate": 0.31, "batch_size": 0.02, "dropout": -0.01}
PATIENTS = {"by_patient_n8": 8.0, "by_patient_n16": 16.0, "by_patient": 32.4}
CHANCE = 0.3
SEEN = {0: 0.5, 10: 0.55, 20: 0.75, 40: 0.9}  # contrast -> AUC of the network


def write_tuning(world) -> None:
    """Write tuning, importance, learning_curve, learning_gain and the controls for a synthetic_results.World."""
    honest = [protocol for protocol in world.protocols if protocol != "published"]
    rows = []
    for protocol in honest:
        for place, architecture in enumerate(world.architectures):
            row = {"architecture": architecture, "protocol": protocol, "n_trials": 3}
            row |= {"n_units": world.n_units, "unit": world.unit}
            if place == 0:
                rows.append(row | {"verdict": "not evaluable: the default configuration failed in fold 1"})
                continue
            helped = place == 1
            row |= {"validation_gain": 0.08, "loss_gain": 0.2, "test_gain": 0.06 if helped else 0.01}
            row |= {"ci_low": 0.02 if helped else -0.03, "ci_high": 0.10 if helped else 0.05}
            row |= {"optimism": 0.02 if helped else 0.07, "optimism_low": -0.02 if helped else 0.03}
            row |= {"optimism_high": 0.06 if helped else 0.11}
            rows.append(row | {"verdict": tuning_gain.HELPED if helped else tuning_gain.NO_GAIN})
    world.table("tuning", rows, tuning_gain.COLUMNS)
    world.table("importance", importance_rows(world.architectures if honest else []), importance.COLUMNS)
    compared = [world.architectures[-1], *BASELINES]
    write_learning_curve(world, compared if world.patients and "by_patient" in honest else [])
    rows = []
    for protocol in world.protocols:
        for architecture in compared:
            leaks = protocol == "published" and architecture not in ("majority", "stratified")
            permuted = 0.85 if leaks else CHANCE
            row = {"architecture": architecture, "protocol": protocol, "permuted": permuted, "ci_low": permuted - 0.08}
            row |= {"ci_high": permuted + 0.08, "chance": CHANCE, "excess": permuted - CHANCE}
            row |= {"excess_low": permuted - CHANCE - 0.1, "excess_high": permuted - CHANCE + 0.1}
            row |= {"real": 0.9 if leaks else 0.35, "n_samples": 42, "n_units": 35, "unit": world.unit}
            rows.append(row | {"verdict": control.LEAKAGE if leaks else control.AT_CHANCE})
    world.table("control", rows, control.COLUMNS)
    write_positive_control(world, compared if honest else [], honest[:1])


def write_positive_control(world, compared: list[str], protocols: list[str]) -> None:
    """Write a positive control in which the first of `compared` detects lesions from a contrast of 20 % on."""
    rows = []
    for protocol in protocols:
        for place, architecture in enumerate(compared):
            for contrast, area in SEEN.items():
                area = 0.5 if place else area
                row = {"architecture": architecture, "protocol": protocol, "contrast": contrast, AUC: area}
                row |= {"ci_low": area - 0.1, "ci_high": min(1, area + 0.1), "n_samples": 106, "n_units": world.n_units}
                row |= {"unit": world.unit, "above_chance": "yes" if area > 0.6 else "no"}
                rows.append(row | {"sees_from": None if place else 20})
    world.table("positive_control", rows, positive_control.COLUMNS)


def importance_rows(architectures: list[str]) -> list[dict]:
    rows = []
    for place, architecture in enumerate(architectures):
        for name, value in HYPERPARAMETERS.items():
            row = {"architecture": architecture, "hyperparameter": name}
            if place == 0:
                rows.append(row | {"n_trials": 6, "verdict": "not evaluable: too few distinct trials (6 < 20)"})
                continue
            row |= {"importance": value, "low": value - 0.1, "high": value + 0.1, "r2": 0.4, "n_trials": 40}
            rows.append(row | {"verdict": importance.MATTERS if value > 0.1 else importance.NO_EFFECT})
    return rows


def write_learning_curve(world, compared: list[str]) -> None:
    points, gains = [], []
    for architecture in compared:
        step = 0.0 if architecture in ("majority", "stratified") else 0.1
        about = {"n_units": world.n_units, "unit": world.unit}
        for place, (protocol, n) in enumerate(PATIENTS.items()):
            accuracy = CHANCE + step * place
            row = {"architecture": architecture, "protocol": protocol, "n_patients": n, "accuracy": accuracy}
            row |= {"ci_low": accuracy - 0.09, "ci_high": accuracy + 0.09, "n_samples": world.n}
            points.append(row | about)
        row = {"architecture": architecture, "from_patients": 8, "to_patients": 32.4, "gain": 2 * step}
        row |= {"ci_low": 2 * step - 0.07, "ci_high": 2 * step + 0.07}
        row |= {"slope": step, "slope_low": step - 0.04, "slope_high": step + 0.04}
        gains.append(row | about | {"verdict": learning_curve.HELPS if step else learning_curve.NO_GAIN})
    world.table("learning_curve", points, learning_curve.POINTS)
    world.table("learning_gain", gains, learning_curve.GAINS)
