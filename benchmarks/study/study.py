"""A study: loaded, completed with defaults, checked against schema.yaml, its data set and its architectures.

Snakemake loads the study at every start, so this module neither imports Keras nor decodes an image.
"""

import dataclasses
import os
from pathlib import Path

import architectures
from benchmarks import datasets, protocols
from benchmarks.backend import TENSORFLOW
from benchmarks.errors import BadInput, refuse
from benchmarks.publications import publication
from benchmarks.study import recipe, replayed
from benchmarks.study.names import BASELINES, HARNESS_KEYS
from benchmarks.study.problems import problems_of
from benchmarks.study.study_file import SCHEMA, StudyFile, read_study
from benchmarks.study.views import BOX, SURROUNDINGS, WHOLE, View
from benchmarks.yaml_file import violations

ALL = "all"


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
    reduced_from: str | None = None
    crop: str = WHOLE
    embedding: dict = dataclasses.field(default_factory=lambda: {"views": []})
    publications: dict[str, dict] = dataclasses.field(default_factory=dict)

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
        """Return all views of the study: its own sizes, then those of the embedding, the cached maps, the replays."""
        more = [view for name in self.architectures for view in self.maps_views(name)]
        more += [
            View(self.replay_settings(name, variant)["image_size"], self.crop) for name, variant, _ in self.replays()
        ]
        return list(dict.fromkeys([*(View(s, self.crop) for s in self.sizes()), *self.embedding_views(), *more]))

    def splits(self) -> list[str]:
        """Return the protocols that are the publications' own splits, and those with permuted labels."""
        return [protocol for name in self.publications for protocol in replayed.with_control(name)]

    def replays(self) -> list[tuple[str, str, str]]:
        """Return every (publication, variant, protocol) that is replayed: its own splits, then the honest protocols."""
        honest = [protocol for protocol in self.protocols if protocol not in protocols.NOT_HONEST]
        return [
            (name, variant, protocol)
            for name, entry in self.publications.items()
            for variant in entry["variants"]
            for protocol in [*replayed.with_control(name), *honest]
        ]

    def replay_folder(self, publication: str, variant: str, protocol: str, fold: int) -> Path:
        """Return the folder of one replay."""
        return self.results() / "replays" / publication / variant / protocol / str(fold)

    def split_settings(self, split: str) -> dict:
        """Return all settings that the folds of a publication's own split depend on."""
        rule = replayed.content_of(replayed.split_of(split)[0])["split"]
        return {"seed": self.seed, "folds": self.cells(split), "rule": rule}

    def replay_settings(self, publication: str, variant: str) -> dict:
        """Return all settings that a replay depends on, and the text of the publication's variants.py."""
        return {
            "seed": self.seed,
            "code": replayed.code_of(publication),
            **replayed.settings(self.publications, publication, variant),
        }

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
        if protocol in self.splits():
            seeds = self.publications[replayed.split_of(protocol)[0]]["seeds"]
            return [0] if protocol.endswith(protocols.PERMUTED) else list(range(seeds))
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
    problems = [*datasets.problems(dataset), *problems_of(content), *replayed.problems(content["publications"])]
    if content["claims"]:
        try:
            content["claims"] = publication.find(content["claims"])
        except BadInput as error:
            problems.append(f"claims: {error}")
    refuse(f"{head}:", problems)
    if content["claims"]:
        publication.load(content["claims"])
    content["publications"] = replayed.completed(content["publications"])
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
