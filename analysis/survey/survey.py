"""Survey over all publications, from whatever studies have finished.

survey.csv, a row for each publication: publication, title, year, data, classes, variant, printed, printed_where,
n_printed, replayed (_low, _high, _minimum, _maximum, _majority: share of the most frequent class), by_source (_low,
_high, _drop_low: lower limit of the 95% interval of replayed less by_source), by_patient (the same), n_patients,
n_sources, majority, imagenet_logistic (_low, _high), permuted (_low, _high), ceiling and ceiling_auc (_low, _high,
_model, _classes, _study), same_source, identical, n_test, copies, figures_impossible, figures_checked, reproduced,
not_reproduced, not_evaluable, reduced, replay (run, not run, no replay), verdict, reason, study, command. Accuracies
are those of one variant, the one with the highest printed accuracy among those replayed; replayed_minimum and _maximum
are over seeds. An empty cell was not measured.

figures.csv, a row for each printed figure and for each question of arithmetic: kind (printed, arithmetic), publication,
variant, part, where, metric, class, printed, value, copies, minimum, maximum, n_seeds, study; figures (the keys that a
question is about), question; verdict, reason.

leaks.csv: the rows of replay_leaks.csv of the studies that the survey reads.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.survey import ceilings, printed, studied
from analysis.survey.studied import BY_PATIENT, BY_SOURCE, FEATURES, MAJORITY, OWN, PERMUTED, Studied
from analysis.survey.verdict import NO_REPLAY, NOT_EVALUABLE, NOT_RUN, judge, known
from benchmarks.publications import publication
from benchmarks.publications.arithmetic.verdicts import IMPOSSIBLE, Verdict
from benchmarks.publications.headline import headline, main_variant
from benchmarks.publications.publication import ALIASES
from benchmarks.publications.verdicts import verdicts
from benchmarks.study.replaying import command
from benchmarks.study.study import Study

ENDS = ("", "_low", "_high")
COUNTED = ("reproduced", "not_reproduced", "not_evaluable")  # verdicts on printed figures, as columns
COLUMNS = [
    *("publication", "title", "year", "data", "classes", "variant", "printed", "printed_where", "n_printed"),
    *(f"replayed{end}" for end in (*ENDS, "_minimum", "_maximum", "_majority")),
    *(f"{name}{end}" for name in (BY_SOURCE, BY_PATIENT) for end in (*ENDS, "_drop_low")),
    *("n_patients", "n_sources", MAJORITY),
    *(f"{name}{end}" for name in (FEATURES, PERMUTED) for end in ENDS),
    *(f"{name}{end}" for name in ceilings.MEASURES for end in (*ENDS, "_model", "_classes", "_study")),
    *("same_source", "identical", "n_test", "copies"),
    *("figures_impossible", "figures_checked", *COUNTED, "reduced", "replay", "verdict", "reason"),
    *("study", "command"),
]
FIGURES = [
    *("kind", "publication", "variant", "part", "where", "metric", "class", "printed", "value", "copies"),
    *("minimum", "maximum", "n_seeds", "study", "figures", "question", "verdict", "reason"),
]
LEAKS = [
    *("publication", "protocol", "copies", "n_train", "n_validation", "n_test", "same_source", "identical"),
    *("sizes_printed", "sizes_fit", "study"),
]


def tables(results: Path, names: list[str] | None = None) -> dict[str, pd.DataFrame]:
    """Return survey, figures and leaks by name; `names` are the publications, all by default."""
    models = ceilings.honest(results)
    rows: list[dict] = []
    figures: list[pd.DataFrame] = []
    leaks: list[pd.DataFrame] = []
    for name in publication.names() if names is None else names:
        content = publication.load(publication.find(name))
        found = studied.studied(results, name, content)
        answers = verdicts(content)
        replayable = content["split"] is not None and content["recipe"] is not None
        own = _printed(name, content, found, replayable)
        figures += [own, _arithmetic(name, answers)]
        leaks += [found.leaks.assign(study=found.study)] if found else []
        asked = [answer for some in answers.values() for answer in some]
        row = _about(name, content, found) | (_measured(found, content) if found else {})
        row |= ceilings.ceiling(models, content, _data_of(content, row["variant"])) | _counts(
            _of_split(own, row.get("copies")), asked
        )
        relation = next((f"{one.question} {one.reason}" for one in asked if one.verdict == IMPOSSIBLE), "")
        row["replay"] = "run" if known(row, "replayed") else NOT_RUN if replayable else NO_REPLAY
        row["verdict"], row["reason"] = judge(row, replayable, relation)
        rows.append(row)
    return {
        "survey": pd.DataFrame(rows).reindex(columns=COLUMNS),
        "figures": pd.concat(figures, ignore_index=True).reindex(columns=FIGURES),
        "leaks": pd.concat(leaks, ignore_index=True).reindex(columns=LEAKS) if leaks else pd.DataFrame(columns=LEAKS),
    }


def of_study(study: Study) -> pd.DataFrame | None:
    """Return the survey over the publications of one study, from its own tables; None for fewer than two."""
    names = [*study.publications, *(ALIASES[protocol] for protocol in study.protocols if protocol in ALIASES)]
    return tables(study.results(), sorted(names))["survey"] if len(names) > 1 else None


def write(found: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as `folder`/<name>.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in found.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")


def _about(name: str, content: dict, found: Studied | None) -> dict[str, Any]:
    """Return what the publication says of itself, and the variant that the survey compares."""
    replayed = [variant for variant in content["variants"] if found and variant in _variants(found)]
    variant = main_variant(content, replayed or list(content["variants"]))
    accuracy = headline(content, variant) or (None, "")
    data = content["data"][_data_of(content, variant)]
    return {
        "publication": name,
        "title": content["title"],
        "year": content["year"],
        "data": data["title"],
        "classes": len(data["classes"]) if data["classes"] else None,
        "variant": variant,
        "printed": accuracy[0],
        "printed_where": accuracy[1],
        "n_printed": len(printed.texts(content)),
        "reduced": "",
        "study": found.study if found else "",
        "command": command(name, content),
    }


def _variants(found: Studied) -> set[str]:
    return set(found.replays.loc[found.replays["role"] == OWN, "variant"])


def _data_of(content: dict, variant: str) -> str:
    """Return the key of the data on which the figures of a variant were printed."""
    first: dict = next((entry for entry in content["figures"] if entry["variant"] == variant), {})
    return first.get("data") or next(iter(content["data"]))


def _measured(found: Studied, content: dict) -> dict[str, Any]:
    """Return the accuracies of the compared variant under each role, of the baselines, and the leaks of its split."""
    variant = main_variant(content, [name for name in content["variants"] if name in _variants(found)])
    rows = found.replays
    split = _split(found)
    own = rows[(rows["variant"] == variant) & (rows["role"] == OWN) & (rows["protocol"] == split["protocol"])]
    row: dict[str, Any] = {}
    if len(own):
        row = {f"replayed{end}": own.iloc[0].get(f"accuracy{end}") for end in (*ENDS, "_minimum", "_maximum")}
        row |= {"reduced": _reduced(own.iloc[0]), "n_test": own.iloc[0]["n"]}
        row["replayed_majority"] = own.iloc[0]["majority_accuracy"]
    row |= {key: split[key] for key in ("same_source", "identical", "copies")} if "same_source" in split else {}
    for role in (BY_SOURCE, BY_PATIENT, PERMUTED):
        some = rows[(rows["variant"] == variant) & (rows["role"] == role)]
        if len(some):
            row |= {f"{role}{end}": some.iloc[0][f"accuracy{end}"] for end in ENDS}
            # Honest protocols test one image of each source.
            if role != PERMUTED:
                row[f"{role}_drop_low"] = some.iloc[0]["drop_low"]
            units = {BY_SOURCE: ("n_sources", "n"), BY_PATIENT: ("n_patients", "n_units")}.get(role)
            row |= {units[0]: some.iloc[0][units[1]]} if units else {}
    for role in (BY_SOURCE, BY_PATIENT):  # the last one counts
        for name, ends in ((MAJORITY, ENDS[:1]), (FEATURES, ENDS)):
            some = rows[(rows["variant"] == name) & (rows["role"] == role)]
            if len(some):
                row |= {f"{name}{end}": some.iloc[0][f"accuracy{end}"] for end in ends}
    return row


def _split(found: Studied) -> dict[str, Any]:
    """Return the row of the own split that has the printed sizes, the last one if several or none have them."""
    own = found.leaks
    if own.empty:
        return {"protocol": found.replays.loc[found.replays["role"] == OWN, "protocol"].iloc[-1]}
    fitting = own[own["sizes_fit"].astype(str).str.lower() == "true"]
    return (fitting if len(fitting) else own).iloc[-1].to_dict()


def _printed(name: str, content: dict, found: Studied | None, replayable: bool) -> pd.DataFrame:
    """Return the printed figures with the verdicts of the replay."""
    if found is not None and len(found.figures):
        return found.figures.assign(kind="printed", study=found.study)
    rows = pd.DataFrame(printed.texts(content)).assign(kind="printed", publication=name)
    if replayable:
        return rows.assign(verdict=NOT_RUN, reason=command(name, content))
    return rows.assign(verdict=NOT_EVALUABLE, reason="neither code nor split is known")


def _arithmetic(name: str, answers: dict[str, list[Verdict]]) -> pd.DataFrame:
    rows = [
        {
            "where": about,
            "figures": ", ".join(one.figures),
            "question": one.question,
            "verdict": one.verdict,
            "reason": one.reason,
        }
        for about, some in answers.items()
        for one in some
    ]
    return pd.DataFrame(rows).assign(kind="arithmetic", publication=name)


def _of_split(own: pd.DataFrame, copies: float | None) -> pd.DataFrame:
    """Return the figures against the replays of one split, where several numbers of copies were replayed."""
    return own if copies is None or pd.isna(copies) else own[own["copies"] == copies]


def _counts(own: pd.DataFrame, asked: list[Verdict]) -> dict[str, int]:
    counts = {name: int((own["verdict"] == name.replace("_", " ")).sum()) for name in COUNTED}
    impossible = sum(one.verdict == IMPOSSIBLE for one in asked)
    return counts | {"figures_impossible": impossible, "figures_checked": len(asked)}


def _reduced(row: pd.Series) -> str:
    """Return how a replay is smaller than published, in words; empty if it is not."""
    scratch = ["without ImageNet weights"] if row.get("weights") == "scratch" else []
    return "; ".join([*([] if pd.isna(row["reduced"]) else [str(row["reduced"])]), *scratch])
