"""Answers about partitions, leakage, scores, checks and limits."""

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.audit.shortcuts import BY_PATIENT, SHORTCUT
from analysis.tasks import AUC
from benchmarks.protocols import AS_SHIPPED, EXTERNAL, PUBLISHED
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import NEVER_SHOWN, copied, generated, n_copied, shared
from reports.results import KEPT_APART, Results, where
from reports.sections.comparison import detectable
from reports.sections.run import tested_elsewhere
from reports.sections.scores import METRICS
from reports.wording import spoken
from reports.words import Words

WORDS = Words("checklists/evidence")
PARTNERS = {"shared_patient": "their patient", "shared_source": "their source image", NEAR_DUPLICATE: "a copy"}


def partitions(results: Results) -> Answer:
    """Assignment of samples to parts."""
    text = WORDS.text(
        "partitions",
        published=PUBLISHED in results.protocols,
        as_shipped=AS_SHIPPED in results.protocols,
        honest=results.honest,
        folds=results.study.folds,
        tested=[(row.n_samples, row.protocol) for row in results.scored().itertuples()],
    )
    return Answer(YES, text, "folds")


def disjoint(results: Results) -> Answer:
    """Independence of the parts."""
    told = [_in_training(results, protocol) for protocol in results.protocols]
    return _answered(results, WORDS.text("disjoint", told=told, leak=_leak(results)), "leakage")


def separation(results: Results) -> Answer:
    """Separation of training from all other steps."""
    units = {protocol: KEPT_APART.get(protocol, "group") for protocol in results.honest}
    honest = [(unit, [name for name in units if units[name] == unit]) for unit in dict.fromkeys(units.values())]
    copies = _copies(results, results.leaky)
    return _answered(results, WORDS.text("separation", honest=honest, copies=copies, leak=_leak(results)), "folds")


def duplicates(results: Results) -> Answer:
    """Handling of samples that belong together."""
    kept, copies = [] if results.honest else results.leaky, _copies(results, results.protocols)
    return _answered(results, WORDS.text("duplicates", copies=copies, kept=kept, leak=_leak(results)), "leakage")


def inputs(results: Results) -> Answer:
    """Legitimacy of the inputs."""
    table = results.table("shortcuts").dropna(subset=["estimate"])
    table = table[table["task"].isin(["class8", "severity", "density"])]
    found = []
    for protocol in (PUBLISHED, BY_PATIENT):
        if len(own := where(table, protocol=protocol)):
            names = sorted(map(spoken, where(own, verdict=SHORTCUT)["probe"].unique()))
            found.append((protocol, names, own["probe"].nunique()))
    text = WORDS.text("inputs", found=found)
    if not found:
        return Answer(AUTHORS, text)
    ours = where(table, protocol=BY_PATIENT)["verdict"]
    return Answer(PARTLY if ours.empty or (ours == SHORTCUT).any() else YES, text, "shortcuts")


def test_size(results: Results) -> Answer:
    """Planned size of the test set."""
    protocol = results.main_protocol
    found = detectable(results.table("comparison"), protocol)
    text = WORDS.text("test_size", honest=results.honest, protocol=protocol, detectable=found)
    return Answer(YES if found else PARTLY, text, "comparison")


def metrics(results: Results) -> Answer:
    """Metrics of the study."""
    known = set(results.table("scores")["metric"])
    names = [title for metric, title in METRICS.items() if metric in known]
    return Answer(YES, WORDS.text("metrics", names=names, searched=results.searched), "results")


def robustness(results: Results) -> Answer:
    """Robustness of the numbers."""
    repeats = results.study.repeats
    text = WORDS.text(
        "robustness",
        verdicts=len(results.table("bias")),
        permuted=len(results.table("control")),
        positive=len(results.table("positive_control")),
        curve=len(results.table("learning_gain")),
        repeats=repeats,
    )
    return Answer(PARTLY if repeats == 1 else YES, text, "bias")


def internal(results: Results) -> Answer:
    """Test on data of the same origin."""
    scored = results.scored()
    tested = scored[scored["protocol"].isin(results.honest)].to_dict("records")
    text = WORDS.text("internal", tested=tested, copies=_copies(results, results.leaky))
    return Answer(YES if results.honest else PARTLY, text, "results")


def external(results: Results) -> Answer:
    """Test on data of another origin."""
    if EXTERNAL not in results.protocols:
        return Answer(PARTLY, WORDS.text("not_external", title=results.dataset["title"]), "finding")
    row = where(results.scored(), protocol=EXTERNAL).iloc[0]
    return Answer(YES, WORDS.text("external", told=tested_elsewhere(results), row=row), "results")


def diagnostic(results: Results) -> Answer:
    """Diagnostic accuracy, malignant against benign."""
    if "severity" not in set(results.table("scores")["task"]):
        return Answer(NOT_APPLICABLE, WORDS.text("no_severity"))
    protocol = results.main_protocol
    scores = where(results.networks("scores"), protocol=protocol, task="severity").dropna(subset=["estimate"])
    scores = scores.sort_values(["estimate", "architecture"])
    ends = []
    for metric in (AUC, "sensitivity", "specificity"):
        own = where(scores, metric=metric)
        rows = pd.concat([own.head(1), own.tail(1)]).drop_duplicates("architecture")
        ends.append((METRICS[metric], rows.to_dict("records")))
    text = WORDS.text("diagnostic", protocol=protocol, metrics=ends)
    return Answer(YES if len(scores) else PARTLY, text, "scores-severity")


def contexts(results: Results) -> Answer:
    """Contexts in which the findings may not hold."""
    if results.dataset["generated"]:
        return Answer(YES, generated(), "limits")
    leaking = [protocol for protocol in results.leaky if n_copied(results, protocol)[0]]
    lacking = NEVER_SHOWN.get(results.dataset["name"])
    return Answer(PARTLY, WORDS.text("contexts", lacking=lacking, copied=leaking), "limits")


def _answered(results: Results, text: str, section: str) -> Answer:
    """Answer with `text`: only partly if a protocol leaks, or none keeps patients apart."""
    unsafe = _broken(results) or "by_patient" not in results.honest
    return Answer(PARTLY if unsafe else YES, text, section)


def _copies(results: Results, protocols: list[str]) -> list[tuple[str, str]]:
    return [(protocol, copied(results, protocol)) for protocol in protocols]


def _in_training(results: Results, protocol: str) -> str:
    """Return what test images have in the training part: their patient, their source image, a copy."""
    found = {what: shared(results, protocol, kind) for kind, what in PARTNERS.items()}
    known = [(pair[0], what) for what, pair in found.items() if pair]
    unknown = [what for what, pair in found.items() if not pair]
    _, n = n_copied(results, protocol)
    return WORDS.text("in_training", protocol=protocol, n=n, known=known, unknown=unknown)


def _broken(results: Results) -> list[str]:
    """Return the honest protocols whose parts share what the protocol keeps apart, by the audit."""
    table = results.table("leakage")
    meant = table["kind"].ne("shared_patient") | table["protocol"].eq("by_patient")
    found = table[meant & table["protocol"].isin(results.honest) & (table["n_flagged"] > 0)]
    return [protocol for protocol in results.honest if protocol in set(found["protocol"])]


def _leak(results: Results) -> str:
    return WORDS.text("leak", broken=_broken(results))
