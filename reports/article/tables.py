"""Tables of the article; each is a short form of tables in the supplement."""

import dataclasses

import pandas as pd

from analysis.audit.partners import NEAR_DUPLICATE
from analysis.bias.bias_checks import IGNORES, LEANS, MISPLACED, UNEQUAL, UNRELATED
from analysis.bias.thresholds import FLAGGED, NOT_EVALUABLE
from analysis.scores.skill import YES
from benchmarks.study.names import BASELINES
from reports.article.facts import Facts
from reports.document import Cell, Table
from reports.facts import shared
from reports.results import Results, where
from reports.tables import ARCHITECTURE, PROTOCOL, Declared, column, make_table, measured, text
from reports.words import Words

WORDS = Words("article")
SHORT = {
    LEANS: "relied on",
    MISPLACED: "saliency place",
    UNRELATED: "saliency sanity",
    IGNORES: "lesion",
    UNEQUAL: "groups",
}


def leakage(results: Results) -> Table:
    """Return the table of test images with a partner in the training part, by protocol."""
    kinds = {
        "patient": "shared_patient",
        "source image": "shared_source",
        "copy": NEAR_DUPLICATE,
        "same pixels": "pixel_identical",
    }

    def counted(kind: str) -> Declared:
        def cell(row: dict) -> Cell:
            found = shared(results, row["protocol"], kind)
            return Cell("unknown") if found is None else Cell(f"{found[0]:,}", strong=found[0] > 0)

        return column(kind_titles[kind], cell)

    kind_titles = {kind: title for title, kind in kinds.items()}
    tested = {protocol: shared(results, protocol, NEAR_DUPLICATE) or (0, 0) for protocol in results.protocols}
    rows = [{"protocol": protocol, "test images": f"{n:,}"} for protocol, (_, n) in tested.items()]
    columns = [PROTOCOL, text("test images", align="right"), *map(counted, kinds.values())]
    table = make_table("article-leakage", WORDS.text("leakage_caption"), columns, rows, ["leakage"])
    leaks = [(protocol, copied, n) for protocol, (copied, n) in tested.items()]
    return dataclasses.replace(table, title=WORDS.text("leakage_title", leaks=leaks))


def scores(results: Results, found: Facts) -> Table:
    """Return accuracy, AUC, density and skill of all models under the protocols that the article compares."""
    protocols = [one["protocol"] for one in [*found["leaky"], found["honest"]] if one]
    rows = [results.cell("headline", name, protocol) for protocol in protocols for name in results.compared]
    known = pd.DataFrame(rows)
    columns = [PROTOCOL, ARCHITECTURE, measured("accuracy", "accuracy")]
    titles = {"severity_auc": "AUC, malignancy", "density_accuracy": "density accuracy"}
    columns += [measured(title, name, name) for name, title in titles.items() if known[name].notna().any()]
    columns += [column("skill", lambda row: _skill(row["skill"]), "left")]
    tested = [row[["protocol", "n_samples", "n_units", "unit"]] for row in rows[:: len(results.compared)]]
    caption = WORDS.text("scores_caption", f=found, tested=tested, baselines=BASELINES)
    table = make_table("article-scores", caption, columns, rows, ["headline"], grouped=True)
    return dataclasses.replace(table, title=WORDS.text("headline_title", f=found))


def _skill(words: str) -> Cell:
    return Cell(words.partition(":")[0], strong=words == YES)


def bias(results: Results, found: Facts) -> Table:
    """Return the number of flags by architecture and family of checks, of those evaluable."""
    own = where(results.table("bias"), protocol=found["bias"]["protocol"])

    def flagged(family: str) -> Declared:
        def cell(row: dict) -> Cell:
            rows = where(own, architecture=row["architecture"], family=family)
            judged = rows[rows["verdict"] != NOT_EVALUABLE]
            n = int((judged["verdict"] == FLAGGED).sum())
            return Cell(f"{n} of {len(judged)}" if len(judged) else NOT_EVALUABLE, strong=n > 0)

        return column(SHORT[family], cell)

    rows = [{"architecture": name} for name in results.architectures]
    columns = [ARCHITECTURE, *map(flagged, SHORT)]
    table = make_table("article-bias", WORDS.text("bias_caption", f=found), columns, rows, ["bias"])
    return dataclasses.replace(table, title=WORDS.text("bias_title", f=found))
