"""Explain the cells of one architecture: saliency maps of the probes, and changes of predictions by edited films.

Every probe is explained by the cell of its own fold. Writes into results/<study>/cams/

    <architecture>.npz                of the probes shown, float32 (probes, S, S), 0..1, by "<protocol>" (Grad-CAM) and
                                      "<protocol>_<method>" (gradcam_plus_plus, score_cam, randomised weights), and
                                      uint8 (P, S, S) "<protocol>_edits", their edited films
    <architecture>.csv                a probe: architecture, protocol, probe, sample, label, predicted, probability,
                                      second, confident, correct, layer, heat_in_breast, area_of_breast, heat_in_lesion,
                                      area_of_lesion, heat_max, note
    <architecture>_heat.csv           heat.py: architecture, protocol, probe, region, map, share, area, hit
    <architecture>_sanity.csv         sanity.py: architecture, protocol, probe (of a film seen by no cell: its
                                      number), check, step, value, null
    <architecture>_interventions.csv  interventions.py: architecture, protocol, probe, region, edit, area,
                                      change, flipped, control_change, control_flipped, picture (in
                                      "<protocol>_edits"), d_<class>...

and, with --collect, tables/gradcam.csv, heat.csv, sanity.csv and interventions.csv: those of all architectures.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.explanations import gradcam, heat, interventions, sanity
from analysis.explanations.edits import level
from analysis.explanations.regions import regions
from analysis.explanations.stage import run_command
from analysis.predictions import read_classes, read_folds, read_samples
from analysis.tidy import read_table
from benchmarks import datasets, stored
from benchmarks.cells.model import saved_model
from benchmarks.errors import run_cli
from benchmarks.study.study import Study

TABLES = {"gradcam": "", "heat": "_heat", "sanity": "_sanity", "interventions": "_interventions"}
CONFIDENT = 0.5  # least probability of an answer that no other class can match
SAMPLED = 64  # films whose background levels stand for the data set's
EXAMINED = 24  # probes of fold 0 whose maps are checked, those shown first
UNSEEN = 8  # films that no cell was trained on: phantoms of a seed of their own
UNSEEN_PATIENTS = 24
UNSEEN_SEED = 987_654_321


class Explained:
    """Collects the tables of one architecture, cell by cell."""

    def __init__(self, study: Study, architecture: str):
        self.study, self.architecture, self.size = study, architecture, study.size_of(architecture)
        results = study.results()
        self.samples = read_samples(study)
        self.classes = read_classes(study)
        self.images, self.masks = (stored.array(results / f"{kind}_{self.size}.npy") for kind in ("images", "masks"))
        self.probes = read_table(results, "probes")
        sampled = np.random.default_rng(study.seed).permutation(len(self.samples))[:SAMPLED]
        backgrounds = [(self.images[row], self.masks[row] == 0) for row in self.samples["row"].iloc[sampled]]
        self.levels = np.array([level(image, mask) for image, mask in backgrounds if mask.any()] or [0.0])
        self.explainers: dict[str, gradcam.Explainer] = {}
        self.tables: dict[str, list] = {name: [] for name in TABLES}
        self.maps: dict[str, np.ndarray] = {}
        phantom = datasets.adapter("phantom")
        unseen = phantom.load(phantom.OPTIONS | {"patients": UNSEEN_PATIENTS}, None, UNSEEN_SEED)
        rows = unseen.samples.index[unseen.samples["upright"]][:UNSEEN]
        self.unseen = np.stack([unseen.read(row, self.size) for row in rows]).astype("float32")[..., np.newaxis]

    def protocol(self, protocol: str) -> None:
        """Explain the probes of `protocol`. Raises BadInput if a cell has not been trained."""
        probes = self.probes[self.probes["protocol"] == protocol].drop(columns=["label", "source", "patient", "row"])
        probes = probes.merge(self.samples, "left", "sample", validate="1:1")
        unseen = []
        for fold, own in probes.groupby("fold"):
            unseen.append(self._cell(protocol, int(fold), own))
        if len(unseen) > 1:
            self._add("sanity", protocol, pd.DataFrame(sanity.agreement(unseen)).rename(columns={"place": "probe"}))

    def _cell(self, protocol: str, fold: int, probes: pd.DataFrame) -> np.ndarray:
        """Explain `probes` by the cell that held them out; return the cell's maps of films that no cell has seen."""
        folder = self.study.cell_folder(self.architecture, protocol, fold)
        layer = stored.record(folder / "runtime.json")["cam_layer"]
        explainer = self._explainer(folder / "model.keras", layer)
        images = self.images[probes["row"].to_numpy()].astype("float32")[..., np.newaxis]
        answers = explainer.predict(images)
        films = [self._film(*row) for row in zip(probes.itertuples(), images[..., 0], answers, strict=True)]
        maps = explainer.maps(images, answers.argmax(axis=1))
        others: dict = {}
        shown = int(probes["shown"].sum())
        if shown:
            some = slice(EXAMINED)
            others, checks = sanity.checks(explainer, images[some], answers[some], self.study.seed)
            table = pd.DataFrame(checks)
            self._add("sanity", protocol, table.assign(probe=probes["probe"].to_numpy()[table.pop("place")]))
            for name, found in others.items():
                key = protocol if name == gradcam.GRADCAM else f"{protocol}_{name}"
                self.maps[key] = gradcam.scaled(found[:shown])
        self._heat(protocol, films, maps, explainer.grid, others)
        self._answers(protocol, probes, answers, maps, layer, films)
        turns = self._turns(protocol, fold, folder)
        changed, pictures = interventions.rows(
            explainer.predict, films, self.levels, turns, self.classes, self.study.seed, set(probes["probe"][:shown])
        )
        if shown:
            self.maps[f"{protocol}_edits"] = pictures
        self._add("interventions", protocol, changed)
        return explainer.maps(self.unseen, explainer.predict(self.unseen).argmax(axis=1))

    def _explainer(self, path: Path, layer: str) -> gradcam.Explainer:
        """Return an explainer of the model at `path`; models of the same structure share one explainer."""
        from benchmarks.cells.reuse import saved_structure

        key = saved_structure(path)
        if key in self.explainers:
            self.explainers[key].load(path)
        else:
            self.explainers[key] = gradcam.Explainer(saved_model(self.architecture, path), layer)
        return self.explainers[key]

    def _film(self, probe, image: np.ndarray, answer: np.ndarray) -> interventions.Film:
        breast = self.masks[probe.row] > 0
        same = self.samples[(self.samples["source"] == probe.source) & (self.samples["folder"] == probe.folder)]
        same = same[(same["rotation"] == probe.rotation) & (same["reflected"] == probe.reflected)]
        twins = same.loc[same["variant"] != probe.variant, "row"]
        twin = self.images[twins.iloc[0]].astype("float32") if len(twins) else None
        # The chest muscle is where it is looked for in upright films alone.
        view = probe.view if probe.rotation == 0 and not pd.isna(probe.view) else None
        return interventions.Film(
            probe.probe,
            image,
            breast,
            regions(image, breast, probe.boxes, view),
            int(answer.argmax()),
            int(probe.rotation),
            probe.variant != "original",
            twin,
        )

    def _turns(self, protocol: str, fold: int, folder) -> list[int]:
        folds = read_folds(self.study, protocol)
        trained = folds.loc[(folds["fold"] == fold) & (folds["part"] == "train"), "sample"]
        rotations = self.samples.loc[self.samples["sample"].isin(trained), "rotation"].unique().tolist()
        own = stored.record(folder / "hyperparameters.json").get("augmentation", 0.0)
        return interventions.training_turns(rotations, own)

    def _heat(self, protocol: str, films: list, maps: np.ndarray, grid: tuple[int, int], others: dict) -> None:
        rows = []
        for number, (film, own) in enumerate(zip(films, maps, strict=True)):
            rng = np.random.default_rng([self.study.seed, film.probe])
            found = {gradcam.GRADCAM: own[None], **heat.blind_maps(film.image, film.breast, grid, rng)}
            # The probes examined stand first.
            some = slice(number, number + 1)
            found |= {name: others[name][some] for name in gradcam.METHODS[1:] if number < len(others.get(name, []))}
            rows += [{"probe": film.probe, **row} for row in heat.measures(found, film.regions)]
        self._add("heat", protocol, pd.DataFrame(rows))

    def _answers(self, protocol: str, probes: pd.DataFrame, answers: np.ndarray, maps, layer: str, films: list) -> None:
        rows = []
        for probe, answer, own, film in zip(probes.itertuples(), answers, maps, films, strict=True):
            second, first = answer.argsort()[-2:]
            row = {"probe": probe.probe, "sample": probe.sample, "label": probe.label}
            predicted = self.classes[first] if np.isfinite(answer).all() else ""
            row |= {"predicted": predicted, "probability": float(answer[first])}
            row |= {"second": self.classes[second], "confident": bool(answer[first] >= CONFIDENT)}
            row |= {"correct": predicted == probe.label, "layer": layer}
            for region in ("breast", "lesion"):
                mask = film.regions.get(region)
                known = mask is not None and mask.any() and own.sum() > 0
                row[f"heat_in_{region}"] = heat.share(own, mask) if known else np.nan
                row[f"area_of_{region}"] = float(mask.mean()) if known else np.nan
            notes = [] if own.sum() > 0 else ["not evaluable: zero map"]
            notes += [] if "lesion" in film.regions else ["not evaluable: no lesion box"]
            rows.append(row | {"heat_max": float(own.max()), "note": "; ".join(notes)})
        self._add("gradcam", protocol, pd.DataFrame(rows))

    def _add(self, table: str, protocol: str, rows: pd.DataFrame) -> None:
        first = ["architecture", "protocol", "probe"]
        rows = rows.assign(architecture=self.architecture, protocol=protocol)
        self.tables[table].append(rows[[*first, *rows.columns.difference(first, sort=False)]])

    def write(self) -> None:
        """Write the files in cams/."""
        folder = self.study.results() / "cams"
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / f"{self.architecture}.npz", **self.maps)  # type: ignore[arg-type]  # numpy's stub
        for name, suffix in TABLES.items():
            table = pd.concat(self.tables[name], ignore_index=True)
            table.to_csv(folder / f"{self.architecture}{suffix}.csv", index=False, float_format="%.5g")


def explain_architecture(study: Study, architecture: str) -> None:
    """Explain one architecture's cells under every protocol."""
    explained = Explained(study, architecture)
    for protocol in study.protocols:
        explained.protocol(protocol)
    explained.write()


def collect(study: Study) -> None:
    """Join the tables of all architectures."""
    for name, suffix in TABLES.items():
        paths = [study.results() / "cams" / f"{architecture}{suffix}.csv" for architecture in study.architectures]
        tables = [stored.table(path, dtype=str, keep_default_na=False) for path in paths]
        pd.concat(tables, ignore_index=True).to_csv(study.results() / "tables" / f"{name}.csv", index=False)


def main() -> None:
    """Explain one architecture, or collect the tables of all."""
    names = ", ".join(f"tables/{name}.csv" for name in TABLES)
    run_command("Explain a study's cells on its probes.", names, explain_architecture, collect)


if __name__ == "__main__":
    run_cli(main)
