"""Answers about partitions, leakage, scores, checks and limits."""

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.audit.shortcuts import BY_PATIENT, SHORTCUT
from analysis.tasks import AUC
from benchmarks.protocols import AS_SHIPPED, EXTERNAL, PUBLISHED
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import NEVER_SHOWN, copied, n_copied, shared
from reports.results import KEPT_APART, Results, where
from reports.sections.comparison import detectable
from reports.sections.run import tested_elsewhere
from reports.sections.scores import METRICS
from reports.wording import NOT_EVALUABLE, WORDS, capitalised, count, interval, listed, number, plural, spoken, units

TESTED = {
    PUBLISHED: "A fifth of the un-augmented files is tested",
    AS_SHIPPED: "The test part that the data set ships is tested",
}
PARTNERS = {"shared_patient": "their patient", "shared_source": "their source image", NEAR_DUPLICATE: "a copy"}


def partitions(results: Results) -> Answer:
    """Assignment of samples to parts."""
    told = []
    if PUBLISHED in results.protocols:
        told.append(
            "published: file by file at random, augmented files 80 % to train and 20 % to validate, a fifth of the "
            "un-augmented ones to test."
        )
    if AS_SHIPPED in results.protocols:
        told.append("as_shipped: the parts that the data set ships, not checked for shared patients.")
    if results.honest:
        told.append(
            f"{listed(results.honest)}: {results.study.folds} folds stratified by class; of what a fold does not test, "
            "a part validates."
        )
    n = [f"{count(row.n_samples)} ({row.protocol})" for row in results.scored().itertuples()]
    return Answer(YES, f"{' '.join(told)} Test images: {listed(n)}.", "folds")


def disjoint(results: Results) -> Answer:
    """Independence of the parts."""
    told = [_in_training(results, protocol) for protocol in results.protocols]
    return Answer(PARTLY if _unsafe(results) else YES, f"{' '.join(told)}{_alarm(results)}", "leakage")


def separation(results: Results) -> Answer:
    """Separation of training from all other steps."""
    told = ["Images are processed one by one, so that nothing is fitted before the split."]
    if results.honest:
        kept = ", ".join(f"a {KEPT_APART.get(protocol, 'group')} ({protocol})" for protocol in results.honest)
        told.append(f"Hyperparameters and epochs are chosen on validation parts; by design no two parts share {kept}.")
    told += [f"Under {protocol}, {copied(results, protocol)}." for protocol in results.leaky]
    return Answer(PARTLY if _unsafe(results) else YES, f"{' '.join(told)}{_alarm(results)}", "folds")


def duplicates(results: Results) -> Answer:
    """Handling of samples that belong together."""
    told = ["Copies are looked for in all parts, from pixels alone."]
    told += [f"Under {protocol}, {copied(results, protocol)}." for protocol in results.protocols]
    if not results.honest:
        told.append(f"Nothing is done about it: {listed(results.leaky)} splits the images as they come.")
    return Answer(PARTLY if _unsafe(results) else YES, f"{' '.join(told)}{_alarm(results)}", "leakage")


def inputs(results: Results) -> Answer:
    """Legitimacy of the inputs."""
    table = results.table("shortcuts").dropna(subset=["estimate"])
    table = table[table["task"].isin(["class8", "severity", "density"])]
    if table.empty:
        return Answer(AUTHORS, "Networks get pixels alone; what else these tell of the class is not evaluable.")
    told = []
    for protocol, words in ((PUBLISHED, "under published"), (BY_PATIENT, "of new patients")):
        own = where(table, protocol=protocol)
        if len(own):
            names = sorted(map(spoken, where(own, verdict=SHORTCUT)["probe"].unique()))
            named = f" ({', '.join(names)})" if names else ""
            told.append(f"{len(names)} of {plural(own['probe'].nunique(), 'probe')} {words}{named}")
    ours = where(table, protocol=BY_PATIENT)["verdict"]
    text = f"Networks get pixels alone. Of simple features, classes are told above chance by {listed(told)}."
    return Answer(PARTLY if ours.empty or (ours == SHORTCUT).any() else YES, text, "shortcuts")


def test_size(results: Results) -> Answer:
    """Planned size of the test set."""
    tested = "Every source image is tested" if results.honest else TESTED[results.main_protocol]
    found = detectable(results.table("comparison"), results.main_protocol)
    if not found:
        text = f"{tested}; no size was planned, and what this one could show is {NOT_EVALUABLE}."
        return Answer(PARTLY, text, "comparison")
    size, n, unit = found
    text = (
        f"{tested}; no size was planned. By simulation {units(n, unit)} show a true difference in accuracy of {size} "
        f"in 80 of 100 such studies ({results.main_protocol})."
    )
    return Answer(YES, text, "comparison")


def metrics(results: Results) -> Answer:
    """Metrics of the study."""
    known = set(results.table("scores")["metric"])
    names = listed(words for metric, words in METRICS.items() if metric in known)
    chosen = " Networks are chosen by validation loss." if results.searched else " No metric chooses a network."
    return Answer(YES, f"{capitalised(names)}.{chosen}", "results")


def robustness(results: Results) -> Answer:
    """Robustness of the numbers."""
    bias, repeats = results.table("bias"), results.study.repeats
    told = [f"{len(bias):,} bias verdicts on changed films, heat and groups"]
    told += ["a control with shuffled labels"] if len(results.table("control")) else []
    told += ["a positive control with planted lesions"] if len(results.table("positive_control")) else []
    told += ["a learning curve over patients"] if len(results.table("learning_gain")) else []
    seeds = "every cell ran with one seed" if repeats == 1 else f"{repeats} repeats with other folds and seeds"
    return Answer(PARTLY if repeats == 1 else YES, f"{listed(told)}; {seeds}.", "bias")


def internal(results: Results) -> Answer:
    """Test on data of the same origin."""
    if not results.honest:
        copies = [f"{copied(results, protocol)} ({protocol})" for protocol in results.leaky]
        return Answer(PARTLY, f"No honest protocol: {listed(copies)}. No score here is of new patients.", "results")
    rows = results.scored()
    told = [
        f"{count(row.n_samples)} images of {units(row.n_units, row.unit)} ({row.protocol})"
        for row in rows[rows["protocol"].isin(results.honest)].itertuples()
    ]
    return Answer(YES, f"Out-of-fold: {listed(told)}.", "results")


def external(results: Results) -> Answer:
    """Test on data of another origin."""
    if EXTERNAL not in results.protocols:
        text = f"There was none: every test image comes from {results.dataset['title']}. Why, is for the authors."
        return Answer(PARTLY, text, "finding")
    row = where(results.scored(), protocol=EXTERNAL).iloc[0]
    text = (
        f"{tested_elsewhere(results)} {count(row['n_samples'])} images of {units(row['n_units'], row['unit'])}. "
        "Whether they differ from those trained on as practice would, is for the authors."
    )
    return Answer(YES, text, "results")


def diagnostic(results: Results) -> Answer:
    """Diagnostic accuracy, malignant against benign."""
    if "severity" not in set(results.table("scores")["task"]):
        return Answer(NOT_APPLICABLE, "The classes do not say benign or malignant.")
    protocol = results.main_protocol
    scores = where(results.networks("scores"), protocol=protocol, task="severity")
    told = []
    for metric in (AUC, "sensitivity", "specificity"):
        own = where(scores, metric=metric).dropna(subset=["estimate"]).sort_values(["estimate", "architecture"])
        ends = [own.iloc[0], own.iloc[-1]] if len(own) else []
        named = [
            f"{number(row['estimate'])} ({row['architecture']}, {interval(row['ci_low'], row['ci_high'])})"
            for row in ends
        ]
        told.append(f"{METRICS[metric]} {' to '.join(dict.fromkeys(named)) or NOT_EVALUABLE}")
    known = scores["estimate"].notna().any()
    return Answer(YES if known else PARTLY, f"Under {protocol}: {listed(told)}.", "scores-severity")


def contexts(results: Results) -> Answer:
    """Contexts in which the findings may not hold."""
    if results.dataset["generated"]:
        return Answer(YES, WORDS["generated"], "limits")
    never = NEVER_SHOWN.get(results.dataset["name"])
    told = [f"Nothing is shown for {listed(['other hospitals', 'other devices', *([never] if never else [])])}."]
    leaking = [protocol for protocol in results.leaky if n_copied(results, protocol)[0]]
    told += [f"Scores under {protocol} hold for copies of training images." for protocol in leaking]
    return Answer(PARTLY, " ".join([*told, "What else, is for the authors."]), "limits")


def _in_training(results: Results, protocol: str) -> str:
    """`Under published, of 42 test images 42 have their patient, ...`."""
    found = {what: shared(results, protocol, kind) for kind, what in PARTNERS.items()}
    unknown = [what for what, pair in found.items() if not pair]
    told = listed(f"{pair[0]:,} have {what}" for what, pair in found.items() if pair)
    _, n = n_copied(results, protocol)
    left = f"; unknown: {listed(unknown)}" if unknown else ""
    return f"Under {protocol}, of {n:,} test images {told} in training{left}."


def _broken(results: Results) -> list[str]:
    """Return the honest protocols whose parts share what the protocol keeps apart, by the audit."""
    table = results.table("leakage")
    meant = table["kind"].ne("shared_patient") | table["protocol"].eq("by_patient")
    found = table[meant & table["protocol"].isin(results.honest) & (table["n_flagged"] > 0)]
    return [protocol for protocol in results.honest if protocol in set(found["protocol"])]


def _unsafe(results: Results) -> bool:
    """Return whether a protocol leaks, or none keeps patients apart."""
    return bool(_broken(results)) or "by_patient" not in results.honest


def _alarm(results: Results) -> str:
    broken = _broken(results)
    return f" This is a leak: {listed(broken)} should share none." if broken else ""
