"""A study: loaded, completed with defaults, checked against schema.yaml, its data set and its architectures.

Snakemake loads the study at every start, so this module neither imports Keras nor decodes an image.
"""

import dataclasses
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import architectures
from benchmarks import datasets, protocols
from benchmarks.backend import BACKENDS, TENSORFLOW
from benchmarks.errors import BadInput, refuse
from benchmarks.publications import publication
from benchmarks.study import recipe
from benchmarks.study.study_file import SCHEMA, StudyFile, read_study
from benchmarks.study.views import BOX, SURROUNDINGS, WHOLE, View
from benchmarks.yaml_file import violations

ALL = "all"
IMAGENET_LOGISTIC = "imagenet_logistic"
BASELINES = ("majority", "stratified", "thumbnail_logistic", IMAGENET_LOGISTIC)  # benchmarks/baselines; in every study
HARNESS_KEYS = ("image_size", "weights", "pretrained", "recipe")  # of an entry; its other keys are options


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study(protocols.Splitting):
    """One study, completed with defaults; the fields are those of studies/schema.yaml."""

    name: str
    source: StudyFile
    data: Path | None
    description: str
    image_size: int
    protocols: list[str]
    backend: str
    published: dict
    search: dict
    recipe: dict | None
    architectures: dict[str, dict]
    control: dict
    learning_curve: dict
    positive_control: dict
    probes: dict
    bootstrap: int
    claims: Path | None = None
    crop: str = WHOLE
    embedding: dict = dataclasses.field(default_factory=lambda: {"views": []})

    def results(self) -> Path:
        """Return the folder of the study's results, relative to the working directory."""
        return Path("results") / self.name

    def failures_file(self) -> Path:
        """Return the file that lists the failures of the last run (benchmarks/run/rest.py); absent without failures."""
        return self.results() / "failures.json"

    @property
    def sources_found(self) -> bool:
        """Whether the sources are groups of copies, found from pixels."""
        return self.dataset.get("source") in (datasets.FOUND, datasets.FOUND_SCANS)

    def check_data(self) -> None:
        """Raise BadInput if the data are missing; quick, for the start of a run."""
        datasets.check(self.dataset, self.data)

    def data_digest(self) -> str:
        """Return a hash of the files with the images, independent of their location."""
        return datasets.digest(self.dataset, self.data)

    def derived(self) -> dict[str, list[str]]:
        """Return the protocols of the controls and the learning curve, each with its architectures."""
        control, curve, positive = self.control, self.learning_curve, self.positive_control
        permuted = {f"{name}{protocols.PERMUTED}": control["architectures"] for name in control["protocols"]}
        fewer = {f"{protocols.BY_PATIENT}{protocols.FEWER}{n}": curve["architectures"] for n in curve["patients"]}
        planted = {
            f"{name}{protocols.PLANTED}{contrast}": positive["architectures"]
            for name in positive["protocols"]
            for contrast in positive["contrasts"]
        }
        return {name: chosen or list(self.architectures) for name, chosen in (permuted | fewer | planted).items()}

    def all_protocols(self) -> list[str]:
        """Return the study's protocols and those derived from them."""
        return [*self.protocols, *self.derived()]

    def compared(self) -> list[str]:
        """Return the names of the architectures, then of the baselines."""
        return [*self.architectures, *BASELINES]

    def pairs(self) -> list[tuple[str, str]]:
        """Return every (architecture or baseline, protocol) that has cells."""
        chosen = {name: list(self.architectures) for name in self.protocols} | self.derived()
        return [(name, protocol) for protocol, names in chosen.items() for name in [*names, *BASELINES]]

    def published_architectures(self) -> list[str]:
        """Return the architectures with a published form; none if the study does not run protocol `published`."""
        chosen = self.architectures if protocols.PUBLISHED in self.protocols else []
        return [name for name in chosen if architectures.describe(name).published]

    def size_of(self, architecture: str) -> int:
        """Return the side in pixels of the images for `architecture`; baselines use the study's smallest."""
        if architecture in BASELINES:
            return self.sizes()[0]
        return self.architectures[architecture].get("image_size", self.image_size)

    def sizes(self) -> list[int]:
        """Return all image sizes of the study, ascending."""
        return sorted({self.size_of(name) for name in self.architectures})

    def embedding_views(self) -> list[View]:
        """Return the views of each image that the frozen network embeds."""
        chosen = self.embedding["views"] or [{"image_size": self.sizes()[0]}]
        return list(dict.fromkeys(View.of(one["image_size"], one.get("crop"), self.crop) for one in chosen))

    def views(self) -> list[View]:
        """Return all views of the study: its own sizes, then further ones for the embedding and the cached maps."""
        cached = [view for name in self.architectures for view in self.maps_views(name)]
        return list(dict.fromkeys([*(View(s, self.crop) for s in self.sizes()), *self.embedding_views(), *cached]))

    def weights_of(self, architecture: str) -> str | None:
        """Return the pretrained weights of the corrected form: None, `imagenet` or a path."""
        entry = self.architectures[architecture]
        shipped = architectures.ships_weights(architecture) and entry.get("pretrained", True)
        return entry.get("weights", architectures.IMAGENET if shipped else None)

    def recipe_of(self, architecture: str) -> dict | None:
        """Return the recipe that trains the corrected form; None if it is searched with early stopping instead."""
        return recipe.completed(self.recipe, self.architectures[architecture].get("recipe"))

    def cached_views(self, architecture: str) -> int:
        """Return the number of augmented views of which an architecture's maps are cached; 0 without a cache."""
        return (self.recipe_of(architecture) or {}).get("cached_views", 0)

    def maps_views(self, architecture: str) -> list[View]:
        """Return the views behind an architecture's cached maps: the image, and a lesion crop's surroundings."""
        size = self.size_of(architecture)
        around = [View(2 * size, SURROUNDINGS, own=False)] if self.crop == BOX else []
        return [View(size, self.crop), *around] if self.cached_views(architecture) else []

    def maps_settings(self, architecture: str) -> dict:
        """Return all settings that an architecture's cached maps depend on."""
        own = self.recipe_of(architecture) or recipe.DEFAULTS
        return {
            "seed": self.seed,
            "image_size": self.size_of(architecture),
            "options": self.options_of(architecture),
            "weights": self.weights_of(architecture),
            **{key: own[key] for key in ("cached_views", "augmentation")},
        }

    def options_of(self, architecture: str) -> dict:
        """Return the study's values for keyword arguments of the architecture's function."""
        return {k: v for k, v in self.architectures[architecture].items() if k not in HARNESS_KEYS}

    def cells(self, protocol: str) -> list[int]:
        """Return the fold numbers of `protocol`, numbered across the repeats."""
        own = {**dict.fromkeys(protocols.ONE_FOLD, 1), protocols.EXTERNAL: len(self.external["test"])}
        return list(range(self.repeats * own.get(protocols.base(protocol), self.folds)))

    def cell_folder(self, architecture: str, protocol: str, fold: int) -> Path:
        """Return the folder of one cell."""
        return self.results() / "cells" / architecture / protocol / str(fold)

    def cell_settings(self, architecture: str, protocol: str) -> dict:
        """Return all settings that a cell depends on: a change of these makes the cell due again."""
        if architecture in BASELINES:
            return {"seed": self.seed, "image_size": self.size_of(architecture)}
        is_published = protocols.variant(protocol) == protocols.PUBLISHED
        recipe = {"published": self.published} if is_published else {"search": self.search}
        # Leave out defaults that older cells were made with before the setting existed.
        unnamed = (("augmentation", "searched"), ("xla", False))
        training = {key: value for key, value in self.training.items() if (key, value) not in unnamed}
        common = {key: value for key, value in training.items() if key in ("precision", "xla")}
        own = None if is_published else self.recipe_of(architecture)
        return {
            **({"recipe": own} if own else {}),
            "seed": self.seed,
            "image_size": self.size_of(architecture),
            "options": self.options_of(architecture),
            "weights": None if is_published else self.weights_of(architecture),
            **({} if self.backend == TENSORFLOW else {"backend": self.backend}),
            "training": common if is_published else training,
            **recipe,
        }


def load_study(name_or_path: str, data: str | None = None) -> Study:
    """Load a study by name, by the path of a YAML file, or by a mapping as in study_file.read_study.

    `data` is the folder or zip of a data set that is not generated. Raises BadInput that lists all problems, each with
    file, key and what is allowed.
    """
    source = read_study(name_or_path)
    path, content = source.files[0], source.content
    head = " and ".join(map(str, source.files)) + (", as changed by --config" if source.overrides else "")
    refuse(f"{head}:", violations(content, SCHEMA))
    content = _with_defaults(content, SCHEMA)
    content["architectures"] = _expand(content["architectures"])
    content["crop"] = content["crop"] or WHOLE
    content["backend"] = content["backend"] or os.environ.get("KERAS_BACKEND") or TENSORFLOW
    dataset = content["dataset"]
    problems = [*_backend_problems(content["backend"]), *datasets.problems(dataset)]
    problems += [*_protocol_problems(content), *_architecture_problems(content), *_derived_problems(content)]
    if content["claims"]:
        try:
            content["claims"] = publication.find(content["claims"])
        except BadInput as error:
            problems.append(f"claims: {error}")
    refuse(f"{head}:", problems)
    if content["claims"]:
        publication.load(content["claims"])
    content["dataset"] = {"name": dataset["name"], **datasets.options(dataset), **dataset}
    return Study(name=path.stem, path=path, source=source, data=Path(data) if data else None, **content)


def _with_defaults(content: dict, schema: dict) -> dict:
    filled = dict(content)
    for key, rule in schema["properties"].items():
        if key not in filled and "default" in rule:
            filled[key] = rule["default"]
        if key in filled and "properties" in rule and rule.get("additionalProperties") is False:
            filled[key] = _with_defaults(filled[key], rule)
    return filled


def _expand(entries: dict[str, dict]) -> dict[str, dict]:
    """Replace `all` by every existing architecture; named entries keep their options, null removes an architecture."""
    named = {name: entry for name, entry in entries.items() if name != ALL and entry is not None}
    if entries.get(ALL) is None:
        return named
    chosen = sorted({*architectures.names(), *named} - {name for name, entry in entries.items() if entry is None})
    return {name: {**entries[ALL], **named.get(name, {})} for name in chosen}


def _backend_problems(backend: str) -> Iterator[str]:
    if backend not in BACKENDS:
        yield f"KERAS_BACKEND={backend} in the environment: allowed: {', '.join(BACKENDS)}"
    elif not importlib.util.find_spec(backend):
        yield f"backend: {backend} is not installed; make backends installs it"


def _protocol_problems(content: dict) -> Iterator[str]:
    for name in content["protocols"]:
        if name not in protocols.names():
            yield f"protocols: {name!r} is not a protocol; allowed: {', '.join(protocols.names())}"
    if protocols.EXTERNAL not in content["protocols"]:
        return
    named, sets = content["external"]["test"], content["dataset"].get("sets")
    if not named:
        yield "external.test: protocol external needs the names of the data sets that are tested, each in its own fold"
    for name in named if isinstance(sets, dict) else []:
        if name not in sets:
            yield f"external.test: {name!r} is not among dataset.sets: {', '.join(map(str, sets))}"


def _derived_problems(content: dict) -> Iterator[str]:
    for key in ("control", "learning_curve", "positive_control"):
        for name in content[key]["architectures"]:
            if name not in content["architectures"]:
                yield f"{key}.architectures: {name!r} is not among the study's: {', '.join(content['architectures'])}"
    for key in ("control", "positive_control"):
        for name in content[key]["protocols"]:
            if name not in content["protocols"]:
                yield f"{key}.protocols: {name!r} is not among the study's: {', '.join(content['protocols'])}"
    planted = content["positive_control"]
    chosen = planted["architectures"] or content["architectures"] if planted["protocols"] else []
    for name in chosen:
        own = recipe.completed(content["recipe"], content["architectures"].get(name, {}).get("recipe"))
        if own and own["cached_views"]:
            yield f"positive_control.architectures: the cached maps of {name} hold no planted lesion; name others only"
    for name in protocols.NOT_HONEST:
        if name in planted["protocols"]:
            yield f"positive_control.protocols: {name!r} may train on copies of test images; name honest protocols only"
    if content["positive_control"]["protocols"] and content["training"]["images"] == "shipped":
        yield "positive_control: lesions are planted into originals only; set training.images to on_the_fly"
    if content["learning_curve"]["patients"] and protocols.BY_PATIENT not in content["protocols"]:
        yield "learning_curve: it needs by_patient among `protocols`, which gives it its folds and its last point"


def _architecture_problems(content: dict) -> Iterator[str]:
    if not content["architectures"]:
        yield "architectures: none is left; name at least one that is not null"
    for name, entry in content["architectures"].items():
        key = f"architectures.{name}"
        if name in BASELINES:
            yield f"{key}: it is a baseline, which every study includes; remove the key"
            continue
        if name not in architectures.names():
            yield f"{key}: no file architectures/{name}.py; there are: {', '.join(architectures.names())}"
            continue
        size = entry.get("image_size", content["image_size"])
        options = {k: v for k, v in entry.items() if k not in HARNESS_KEYS}
        for variant in sorted({protocols.variant(protocol) for protocol in content["protocols"]}):
            yield from (f"{key}: {p}" for p in architectures.check_options(name, options, size, variant))
        yield from (f"{key}.{p}" for p in architectures.weights_problems(name, entry.get("weights")))
        yield from (f"{key}.{p}" for p in recipe.problems(name, entry, content["recipe"], content["search"]))
