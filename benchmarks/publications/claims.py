"""Reader of a publication's figures and claims, from a YAML file like published.yaml."""

import os
from pathlib import Path

import yaml

from benchmarks.errors import BadInput, refuse
from benchmarks.yaml_file import read_yaml, violations

FOLDER = Path(__file__).parent
SCHEMA = yaml.safe_load((FOLDER / "claims.schema.yaml").read_text())
HOW_TRAINED = ("image_size", "batch_size", "parameters", "stated")  # keys of an entry of figures besides metrics


def find(name_or_path: str) -> Path:
    """Return the file of claims that a study names: <name>.yaml in this folder, or a path. Raises BadInput."""
    for path in (FOLDER / f"{name_or_path}.yaml", Path(name_or_path)):
        if os.path.isfile(path):  # unlike Path.is_file, False for what can't be a name
            return path
    raise BadInput(f"claims: {name_or_path!r} is neither a file of claims under benchmarks nor the path of a YAML file")


def load(path: Path) -> dict:
    """Return the checked content of a file of claims. Raises BadInput with every problem, each with file and key."""
    content = read_yaml(path)
    problems = list(violations(content, SCHEMA))
    problems = problems or [problem for claim in content["claims"] for problem in _dangling(claim, content)]
    ids = [claim["id"] for claim in content["claims"]] if not problems else []
    problems += [f"claims: id {one} is used twice" for one in sorted({one for one in ids if ids.count(one) > 1})]
    refuse(f"{path}:", problems)
    return content


def metrics(figures: dict) -> dict[str, float]:
    """Return the published metrics of one entry of `figures`, without its training settings."""
    return {key: value for key, value in figures.items() if key not in HOW_TRAINED}


def _dangling(claim: dict, content: dict) -> list[str]:
    key, figures = f"claims.{claim['id']}", content["figures"]
    if claim["rule"] == "figure":
        if claim["architecture"] not in figures:
            return [f"{key}.architecture: {claim['architecture']!r} is not in figures ({', '.join(figures)})"]
        known = metrics(figures[claim["architecture"]])
        return [] if claim["metric"] in known else [f"{key}.metric: {claim['metric']!r}; there are {', '.join(known)}"]
    if claim["rule"] == "better_than_others":
        unknown = sorted(set(claim["architectures"]) - set(figures))
        return [f"{key}.architectures: {', '.join(unknown)} not in figures"] if unknown else []
    if claim["rule"] == "code" and claim["fact"] not in content["code"]:
        return [f"{key}.fact: {claim['fact']!r} is not in code ({', '.join(content['code'])})"]
    return []
