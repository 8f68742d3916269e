"""The metadata of an archive: an RO-Crate 1.1 by the profile Workflow Run Crate 0.5.

Sources: https://w3id.org/ro/crate/1.1, https://w3id.org/ro/wfrun/workflow/0.5.
"""

import mimetypes
from pathlib import Path

from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from benchmarks import stored
from benchmarks.archive.files import Packed
from benchmarks.run.code import CODE
from benchmarks.study.study import Study
from benchmarks.yaml_file import read_yaml

WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
}
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
TERMS = {"sha256": "https://schema.org/sha256"}  # later than the context of RO-Crate 1.1
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
WORKFLOW = "Snakefile"
KINDS = {
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
    ".smk": "text/x-python",
    ".py": "text/x-python",
    ".md": "text/markdown",
    ".tex": "application/x-tex",
    ".keras": "application/zip",
    ".npz": "application/zip",
}
HOW = (
    "Unpack the archive, run `make environment` in the new folder, then `snakemake --dry-run`: it finds nothing to be "
    "done. Start with {report}."
)


def metadata(study: Study, files: list[Packed]) -> dict:
    """Return the content of ro-crate-metadata.json for `files` of the finished `study`."""
    citation = read_yaml(CODE / "CITATION.cff")
    provenance = stored.record(study.results() / "provenance.json")
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(CONTEXT)
    crate.metadata.extra_terms.update(TERMS)
    authors = [_author(crate, author) for author in citation["authors"]]
    licence = _licence(crate, citation["license"])
    report = str(study.results() / "report/report.html")
    root = crate.root_dataset
    root["name"] = f"Study {study.name}: {provenance['data']['title']}"
    root["description"] = f"{study.description} {HOW.format(report=report)}"
    root["datePublished"] = provenance["finished"]
    root["license"], root["author"] = licence, _one(authors)
    root["conformsTo"] = [_profile(crate, *profile) for profile in PROFILES.items()]
    entities = {file.name: _file(crate, file) for file in files}
    workflow = _workflow(crate, entities[WORKFLOW], citation, provenance, licence, authors)
    results = [entities[name] for name in entities if Path(name).is_relative_to(study.results())]
    inputs = [entities["config/config.yaml"], *_studies(study, entities), _data(crate, provenance["data"])]
    if "README.md" in entities:
        entities["README.md"]["about"] = root
    root["mentions"] = crate.add_action(
        workflow,
        identifier="#run",
        object=inputs,
        result=results,
        properties={
            "name": f"Run of study {study.name}",
            "description": provenance["commands"][0],
            "startTime": provenance["started"],
            "endTime": provenance["finished"],
            "actionStatus": "http://schema.org/CompletedActionStatus",
            "agent": _one([{"@id": author.id} for author in authors]),
        },
    )
    crate.metadata["conformsTo"] = [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": WORKFLOW_CRATE}]
    return crate.metadata.generate()


def _one(items: list) -> object:
    """Return the only item alone, as RO-Crate recommends, else all."""
    return items[0] if len(items) == 1 else items


def _profile(crate: ROCrate, address: str, named: tuple[str, str]) -> ContextEntity:
    name, version = named
    return crate.add(ContextEntity(crate, address, {"@type": "CreativeWork", "name": name, "version": version}))


def _author(crate: ROCrate, author: dict) -> ContextEntity:
    """Add a person or group of CITATION.cff."""
    if "name" in author:
        known = {"@type": "Organization", "name": author["name"], "url": author.get("website")}
    else:
        names = {"givenName": author["given-names"], "familyName": author["family-names"]}
        known = {"@type": "Person", "name": " ".join(names.values()), **names, "affiliation": author.get("affiliation")}
    address = author.get("orcid") or f"#{known['name'].replace(' ', '-')}"
    return crate.add(ContextEntity(crate, address, {key: value for key, value in known.items() if value}))


def _licence(crate: ROCrate, name: str) -> ContextEntity:
    properties = {
        "@type": "CreativeWork",
        "name": name,
        "description": "Licence of code, tables and report: see LICENSE",
    }
    return crate.add(ContextEntity(crate, f"https://spdx.org/licenses/{name}", properties))


def _file(crate: ROCrate, file: Packed) -> File:
    suffix = Path(file.name).suffix
    kind = KINDS.get(suffix) or mimetypes.guess_type(file.name)[0] or "text/plain"
    properties = {
        "name": file.name,
        "contentSize": str(file.size),
        "sha256": file.sha256,
        "encodingFormat": kind,
    }
    made = ComputationalWorkflow if file.name == WORKFLOW else File
    return crate.add(made(crate, None, file.name, properties=properties))


def _workflow(
    crate: ROCrate,
    workflow: ComputationalWorkflow,
    citation: dict,
    provenance: dict,
    licence: ContextEntity,
    authors: list[ContextEntity],
) -> ComputationalWorkflow:
    crate.mainEntity = workflow
    properties = {
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "version": provenance["packages"]["snakemake"],
        "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
        "url": {"@id": "https://snakemake.readthedocs.io"},
    }
    workflow["name"], workflow["version"] = citation["title"], provenance["version"]
    workflow["license"], workflow["author"] = licence, _one(authors)
    workflow["conformsTo"] = {"@id": BIOSCHEMAS}
    workflow["programmingLanguage"] = crate.add(ContextEntity(crate, "#snakemake", properties))
    return workflow


def _studies(study: Study, entities: dict[str, File]) -> list[File]:
    paths = [path.resolve() for path in study.source.files]
    names = [str(path.relative_to(CODE if path.is_relative_to(CODE) else Path.cwd())) for path in paths]
    return [entities[name] for name in names]


def _data(crate: ROCrate, data: dict) -> ContextEntity:
    """Add the data set, which the archive does not hold."""
    address = f"https://doi.org/{data['doi']}" if data.get("doi") else f"#data-{data['name']}"
    properties = {
        "@type": "CreativeWork",
        "name": data["title"],
        "license": data.get("licence"),
        "citation": data.get("citation"),
        "identifier": data.get("digest"),
        "description": "The images of the study; the archive does not include them.",
    }
    return crate.add(ContextEntity(crate, address, {key: value for key, value in properties.items() if value}))
