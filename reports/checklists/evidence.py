"""Answers about partitions, leakage, scores, checks and limits."""

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.audit.shortcuts import BY_PATIENT, SHORTCUT
from analysis.scores.collapse import COLLAPSED
from benchmarks.protocols import EXTERNAL, PUBLISHED
from benchmarks.study.study import BASELINES
from reports.checklists.answer import AUTHORS, NOT_APPLICABLE, PARTLY, YES, Answer
from reports.facts import NEVER_SHOWN, copied, generated, has_severity, main_protocol, shared
from reports.findings import KEPT_APART, answer
from reports.results import Results
from reports.sections.run.limits import GENERATED_WARNING, tested_elsewhere
from reports.sections.scores.comparison import baseline_sentence, detectable
from reports.sections.scores.scores import METRICS
from reports.verdicts import flags_sentence
from reports.wording import NOT_EVALUABLE, count, interval, listed, number, plural, units

PARTNERS = {"shared_patient": "their patient", "shared_source": "their source image", NEAR_DUPLICATE: "a copy"}


def partitions(results: Results) -> Answer:
    """How samples came into parts."""
    told = []
    if PUBLISHED in results.protocols:
        told.append(
            "published: file by file at random, augmented files 80 % to train and 20 % to validate, a fifth of the "
            "un-augmented ones to test."
        )
    if results.honest:
        told.append(
            f"{listed(results.honest)}: {results.study.folds} folds stratified by class; of what a fold does not test, "
            "a part validates."
        )
    tested = results.networks("headline").drop_duplicates("protocol")
    n = [f"{count(row.n_samples)} ({row.protocol})" for row in tested.itertuples()]
    return Answer(YES, f"{' '.join(told)} Test images: {listed(n)}.", "folds")


def disjoint(results: Results) -> Answer:
    """What no two parts share."""
    told = [_in_training(results, protocol) for protocol in results.protocols]
    return Answer(PARTLY if _unsafe(results) else YES, f"{' '.join(told)}{_alarm(results)}", "leakage")


def separation(results: Results) -> Answer:
    """Whether anything but training parts is learnt from."""
    told = ["Images are processed one by one, so that nothing is fitted before the split."]
    if results.honest:
        kept = ", ".join(f"a {KEPT_APART.get(protocol, 'group')} ({protocol})" for protocol in results.honest)
        told.append(f"Hyperparameters and epochs are chosen on validation parts; by design no two parts share {kept}.")
    if PUBLISHED in results.protocols:
        told.append(f"Under published, {copied(results, PUBLISHED)}.")
    return Answer(PARTLY if _unsafe(results) else YES, f"{' '.join(told)}{_alarm(results)}", "folds")


def duplicates(results: Results) -> Answer:
    """What is done about samples that belong together."""
    told = ["Copies are looked for in all parts, from pixels alone."]
    told += [f"Under {protocol}, {copied(results, protocol)}." for protocol in results.protocols]
    if not results.honest:
        told.append("Nothing is done about it: the published split is replayed as it is.")
    return Answer(PARTLY if _unsafe(results) else YES, f"{' '.join(told)}{_alarm(results)}", "leakage")


def inputs(results: Results) -> Answer:
    """Whether what goes in may be used."""
    table = results.table("shortcuts").dropna(subset=["estimate"])
    table = table[table["task"].isin(["class8", "severity", "density"])]
    if table.empty:
        return Answer(AUTHORS, "Networks get pixels alone; what else these tell of the class is not evaluable.")
    told = []
    for protocol, words in ((PUBLISHED, "under published"), (BY_PATIENT, "of new patients")):
        own = table[table["protocol"] == protocol]
        found = own[own["verdict"] == SHORTCUT]
        if len(own):
            names = sorted(found["probe"].str.replace("_", " ").unique())
            named = f" ({', '.join(names)})" if names else ""
            told.append(f"{len(names)} of {plural(own['probe'].nunique(), 'probe')} {words}{named}")
    ours = table.loc[table["protocol"] == BY_PATIENT, "verdict"]
    text = f"Networks get pixels alone. Of simple features, classes are told above chance by {listed(told)}."
    return Answer(PARTLY if ours.empty or (ours == SHORTCUT).any() else YES, text, "shortcuts")


def test_size(results: Results) -> Answer:
    """How many test samples were meant to be."""
    tested = "Every source image is tested" if results.honest else "A fifth of the un-augmented files is tested"
    found = detectable(results.table("comparison"), main_protocol(results))
    if not found:
        text = f"{tested}; no size was planned, and what this one could show is {NOT_EVALUABLE}."
        return Answer(PARTLY, text, "comparison")
    size, n, unit = found
    text = (
        f"{tested}; no size was planned. By simulation {units(n, unit)} show a true difference in accuracy of {size} "
        f"in 80 of 100 such studies ({main_protocol(results)})."
    )
    return Answer(YES, text, "comparison")


def metrics(results: Results) -> Answer:
    """What is measured."""
    known = set(results.table("scores")["metric"])
    names = listed([words for metric, words in METRICS.items() if metric in known])
    chosen = " Networks are chosen by validation loss." if results.honest else " No metric chooses a network."
    return Answer(YES, f"{names[0].upper()}{names[1:]}.{chosen}", "results")


def uncertainty(results: Results) -> Answer:
    """How sure the numbers are, and how that is known."""
    scored = results.networks("headline").drop_duplicates("protocol")
    over = listed([f"{units(row.n_units, row.unit)} ({row.protocol})" for row in scored.itertuples()])
    n = count(results.study.bootstrap)
    text = f"95 % percentile bootstrap with {n} resamples of {over}; Holm's correction of comparisons."
    return Answer(YES, text, "statistics")


def tests(results: Results) -> Answer:
    """Which tests, and what they assume."""
    table = results.table("comparison")
    left = int(table["verdict"].str.startswith(NOT_EVALUABLE).sum())
    text = (
        f"The paired bootstrap decides; {table['test'].nunique() - 1} kinds of test stand beside it, each with what it "
        f"asks and takes for granted. {left:,} of {plural(len(table), 'test')} are not evaluable."
    )
    return Answer(YES, text, "comparison")


def robustness(results: Results) -> Answer:
    """What the numbers hold against."""
    bias, repeats = results.table("bias"), results.study.repeats
    told = [f"{len(bias):,} bias verdicts on changed films, heat and groups"]
    told += ["a control with shuffled labels"] if len(results.table("control")) else []
    told += ["a learning curve over patients"] if len(results.table("learning_gain")) else []
    seeds = "every cell ran with one seed" if repeats == 1 else f"{repeats} repeats with other folds and seeds"
    return Answer(PARTLY if repeats == 1 else YES, f"{listed(told)}; {seeds}.", "bias")


def explainability(results: Results) -> Answer:
    """How answers are explained, and whether the explanation holds."""
    flags = flags_sentence(results.table("bias"), main_protocol(results))
    text = (
        f"Grad-CAM, checked against random weights, other classes, other methods and maps that know no model. {flags}"
    )
    return Answer(YES, text, "bias")


def internal(results: Results) -> Answer:
    """Test on data of the same origin."""
    if not results.honest:
        text = f"Under the published split alone: {copied(results, PUBLISHED)}. No score here is of new patients."
        return Answer(PARTLY, text, "results")
    rows = results.networks("headline").drop_duplicates("protocol")
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
    row = results.networks("headline").set_index("protocol").loc[[EXTERNAL]].iloc[0]
    text = (
        f"{tested_elsewhere(results)} {count(row['n_samples'])} images of {units(row['n_units'], row['unit'])}. "
        "Whether they differ from those trained on as practice would, is for the authors."
    )
    return Answer(YES, text, "results")


def trial(results: Results) -> Answer:
    """Registration."""
    return Answer(NOT_APPLICABLE, "No trial: nobody was enrolled or treated.")


def performance(results: Results) -> Answer:
    """How good the networks are."""
    return Answer(YES, answer(results.networks("headline"), results.protocols), "results")


def diagnostic(results: Results) -> Answer:
    """How well benign is told from malignant."""
    if not has_severity(results):
        return Answer(NOT_APPLICABLE, "The classes do not say benign or malignant.")
    protocol = main_protocol(results)
    scores = results.networks("scores")
    scores = scores[(scores["protocol"] == protocol) & (scores["task"] == "severity")]
    told = []
    for metric in ("roc_auc", "sensitivity", "specificity"):
        own = scores[scores["metric"] == metric].dropna(subset=["estimate"]).sort_values(["estimate", "architecture"])
        ends = [own.iloc[0], own.iloc[-1]] if len(own) else []
        named = [
            f"{number(row['estimate'])} ({row['architecture']}, {interval(row['ci_low'], row['ci_high'])})"
            for row in ends
        ]
        told.append(f"{METRICS[metric]} {' to '.join(dict.fromkeys(named)) or NOT_EVALUABLE}")
    known = scores["estimate"].notna().any()
    return Answer(YES if known else PARTLY, f"Under {protocol}: {listed(told)}.", "scores-severity")


def failures(results: Results) -> Answer:
    """What goes wrong."""
    table = results.table("collapse")
    n = int((table["verdict"] == COLLAPSED).sum())
    text = (
        f"A confusion matrix of every network; {n} of {plural(len(table), 'trained cell')} collapsed to one answer. "
        "What wrongly answered images have in common is for the authors."
    )
    return Answer(PARTLY, text, "confusion")


def limitations(results: Results) -> Answer:
    """What the study can't say."""
    bias, scores = results.table("bias"), results.table("scores")
    left = int((bias["verdict"] == NOT_EVALUABLE).sum())
    text = (
        f"Limits of design and folds; not evaluable, with the reason, are {int(scores['note'].notna().sum()):,} of "
        f"{plural(len(scores), 'score')} and {left:,} of {plural(len(bias), 'bias verdict')}."
    )
    return Answer(YES, text, "limits")


def use(results: Results) -> Answer:
    """What follows for practice."""
    text = (
        "Each model card says what its network is not for: nobody's care may depend on it. The rest is for the authors."
    )
    return Answer(PARTLY, text, "model-cards")


def baselines(results: Results) -> Answer:
    """What the networks are compared with."""
    text = baseline_sentence(results.table("comparison"), main_protocol(results))
    return Answer(YES, f"{plural(len(BASELINES), 'baseline')}, fitted on the same parts. {text}", "comparison")


def contexts(results: Results) -> Answer:
    """Where the findings are not expected to hold."""
    if generated(results):
        return Answer(YES, GENERATED_WARNING, "limits")
    never = [NEVER_SHOWN[name] for name in [results.dataset["name"]] if name in NEVER_SHOWN]
    told = [f"Nothing is shown for {listed(['other hospitals', 'other devices', *never])}."]
    if PUBLISHED in results.protocols and shared(results, PUBLISHED, NEAR_DUPLICATE)[0]:
        told.append("Scores under published hold for copies of training images.")
    return Answer(PARTLY, " ".join([*told, "What else, is for the authors."]), "limits")


def _in_training(results: Results, protocol: str) -> str:
    """`Under published, of 42 test images 42 have their patient, ...`."""
    found = {what: shared(results, protocol, kind) for kind, what in PARTNERS.items()}
    unknown = [what for what, pair in found.items() if not pair]
    told = listed([f"{pair[0]:,} have {what}" for what, pair in found.items() if pair])
    # Copies are looked for in pixels, whatever is known of the files.
    n = found["a copy"][1]
    left = f"; unknown: {listed(unknown)}" if unknown else ""
    return f"Under {protocol}, of {n:,} test images {told} in training{left}."


def _broken(results: Results) -> list[str]:
    """The honest protocols whose parts share what they are meant to keep apart, by the audit."""
    table = results.table("leakage")
    meant = table["kind"].ne("shared_patient") | table["protocol"].eq("by_patient")
    found = table[meant & table["protocol"].isin(results.honest) & (table["n_flagged"] > 0)]
    return [protocol for protocol in results.honest if protocol in set(found["protocol"])]


def _unsafe(results: Results) -> bool:
    """Whether no protocol is known to keep patients apart."""
    safe = [protocol for protocol in results.honest if protocol == "by_patient" and protocol not in _broken(results)]
    return bool(_broken(results)) or not safe


def _alarm(results: Results) -> str:
    broken = _broken(results)
    return f" This is a leak: {listed(broken)} should share none." if broken else ""


ANSWERS = {
    function.__name__: function
    for function in (
        *(partitions, disjoint, separation, duplicates, inputs, test_size, metrics, uncertainty, tests, robustness),
        *(explainability, internal, external, trial, performance, diagnostic, failures, limitations, use, baselines),
        contexts,
    )
}
