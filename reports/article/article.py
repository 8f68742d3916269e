"""The article: first screen, abstract, and sections in the order of the questions."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.bias.verdicts import LESION
from analysis.comparison.control import LEAKAGE
from analysis.survey import survey
from analysis.survey.verdict import LEAK
from benchmarks.publications import headline
from reports.article import tables
from reports.article.facts import Facts, facts
from reports.article.heading import heading
from reports.document import Article, Block, Figures, Paragraph, Section, figure
from reports.facts import recipes
from reports.results import KEPT_APART, Results, where
from reports.sections.claims import verdict_table
from reports.sections.methods import CITED
from reports.sections.positive_control import positive_control, positive_sentence
from reports.sections.run import tested_elsewhere
from reports.verdicts import correction_sentence
from reports.wording import listed, split
from reports.words import Words

FINDING, METHODS, WORDS = Words("finding"), Words("article_methods"), Words("article")


def article(results: Results) -> Article:
    """Return the article of a study. Raises BadInput if a table is missing."""
    found = facts(results)
    positive = positive_sentence(results)
    verdicts = verdict_table(results)
    first = _first_figure(results, found)
    return Article(
        **heading(results),
        answer=FINDING.text("answer", f=found),
        sure=_sure(results, found, positive),
        headline=first,
        verdicts=verdicts and dataclasses.replace(verdicts, title=WORDS.text("claims_title", f=found)),
        abstract=[
            ("Purpose", FINDING.text("purpose", f=found)),
            ("Materials and Methods", FINDING.text("methods", f=found)),
            ("Results", FINDING.text("results", f=found, positive=positive_sentence(results, reading=False))),
            ("Conclusion", FINDING.text("conclusion", f=found)),
        ],
        key_points=FINDING.texts("key_points", f=found, positive=positive),
        sections=[
            *_opening(results, found),
            *_methods(results, found),
            *_results(results, found, first),
            *_end(results, found),
        ],
    )


def _sure(results: Results, found: Facts, positive: str) -> list[str]:
    scored = results.scored()
    tested = list(scored[["n_units", "unit", "protocol"]].itertuples(index=False))
    only_units = (scored["unit"] == "samples").any()
    elsewhere = tested_elsewhere(results)
    return FINDING.texts("sure", f=found, tested=tested, only_units=only_units, positive=positive, elsewhere=elsewhere)


def _first_figure(results: Results, found: Facts) -> Figures:
    """Return the survey's figure where the study replays several publications, else that of the accuracies."""
    rows = survey.of_study(results.study)
    if rows is None:
        return _headline(results, found)
    made = figure("survey", FINDING.text("survey_caption"), FINDING.text("survey_alt"), "replays", "headline")
    about = {"n": len(rows), "n_leaks": int((rows["verdict"] == LEAK).sum()), "names": rows["publication"].tolist()}
    return dataclasses.replace(made, title=FINDING.text("survey_title", **about))


def _headline(results: Results, found: Facts) -> Figures:
    apart = [(name, KEPT_APART[name]) for name in results.honest if name in KEPT_APART]
    caption = WORDS.text("headline_caption", leaky=results.leaky, apart=apart)
    made = figure("headline", caption, WORDS.text("headline_alt"))
    return dataclasses.replace(made, title=WORDS.text("headline_title", f=found))


def _opening(results: Results, found: Facts) -> Iterator[Section]:
    content = found["publication"]
    printed = headline.headline(content, headline.main_variant(content, list(content["variants"]))) if content else None
    yield Section("introduction", "Introduction", _paragraphs("introduction", f=found, printed=printed))


def _methods(results: Results, found: Facts) -> Iterator[Section]:
    yield Section("article-methods", "Materials and Methods", [])
    tested = list(results.scored()[["unit", "protocol"]].itertuples(index=False))
    parts: dict[str, tuple[dict[str, Any], list[str]]] = {
        "data": (
            dict(f=found, cited=CITED.get(found["data"]["name"], "")),
            ["data"],
        ),
        "protocols": (dict(f=found), ["folds"]),
        "training": (dict(f=found, recipes=recipes(results, results.architectures)), ["architectures"]),
        "audit": ({}, ["leakage", "shortcuts"]),
        "controls": (
            dict(control=len(results.table("control")) > 0, positive=len(results.table("positive_control")) > 0),
            ["control", "positive-control"],
        ),
        "explanations": ({}, ["gradcam", "bias"]),
        "statistics": (dict(f=found, tested=tested), ["statistics"]),
    }
    for name, (about, details) in parts.items():
        title = METHODS.text("method_title", name=name)
        blocks = [Paragraph(text) for text in METHODS.texts(name, **about)]
        yield Section(f"article-{name}", title, blocks, 2, details)


def _results(results: Results, found: Facts, first: Figures) -> Iterator[Section]:
    yield Section("article-results", "Results", [])

    def section(name: str, blocks: list[Block], *details: str) -> Section:
        title = WORDS.text("result_title", name=name, f=found)
        return Section(f"article-{name}", title, [*_paragraphs(name, f=found), *blocks], 2, details)

    yield section("leakage", [tables.leakage(results)], "leakage", "shortcuts")
    accuracies = _headline(results, found)
    shown = [] if accuracies.anchor == first.anchor else [accuracies]
    yield section("remaining", [*shown, tables.scores(results, found)], "results", "comparison")
    yield section("controls_found", [*_positive(results)], "control", "positive-control")
    correction = correction_sentence(results.table("bias"))
    blocks = [Paragraph(WORDS.text("bias", f=found, correction=correction)), *_bias(results, found)]
    yield Section("article-bias", WORDS.text("result_title", name="bias", f=found), blocks, 2, ["gradcam", "bias"])
    if found["claims"] is not None:
        yield section("claims", [], "claims")


def _positive(results: Results) -> Iterator[Block]:
    """Yield the sentence on the positive control, and its figure under a title that says what it shows."""
    table = results.table("positive_control")
    if table.empty:
        return
    yield Paragraph(positive_sentence(results))
    networks = table[table["architecture"].isin(results.architectures)].drop_duplicates("architecture")
    detected = networks.loc[networks["sees_from"].notna(), "architecture"].tolist()
    (section,) = positive_control(results)
    (made,) = (block for block in section.blocks if isinstance(block, Figures))
    title = WORDS.text("positive_title", detected=detected, n=len(networks))
    yield dataclasses.replace(made, anchor="figure-article-positive-control", title=title)


def _bias(results: Results, found: Facts) -> Iterator[Block]:
    # What a model without skill shows as its map is chance.
    if found["bias"] is None or found["bias"]["n_judged"] == 0:
        return
    yield tables.bias(results, found)
    made = figure("gradcam_shares", WORDS.text("saliency_caption"), WORDS.text("saliency_alt"), "gradcam_summary")
    lesions = where(results.table("gradcam_summary"), region=LESION, protocol=results.main_protocol)
    known = lesions.dropna(subset=["ci_low"])
    more = known.loc[known["ci_low"] > 0, "architecture"].tolist()
    title = WORDS.text("saliency_title", protocol=results.main_protocol, more=more, n=len(known))
    yield dataclasses.replace(made, anchor="figure-article-shares", title=title)


def _end(results: Results, found: Facts) -> Iterator[Section]:
    conclusion = FINDING.text("conclusion", f=found)
    leak = _leak_with_permuted_labels(results.table("control"))
    elsewhere = tested_elsewhere(results)
    blocks = [
        Paragraph(WORDS.text("discussion", f=found, conclusion=conclusion, control_leak=leak)),
        Paragraph(WORDS.text("limits", f=found, elsewhere=elsewhere)),
    ]
    yield Section("discussion", "Discussion", blocks, details=["limits"])
    available = WORDS.text("availability", f=found, licence=found["data"]["licence"] or "")
    yield Section("availability", "Data and code availability", [Paragraph(available)], details=["provenance", "cells"])


def _leak_with_permuted_labels(control: pd.DataFrame) -> str:
    """Return the protocols under which permuted labels are predicted above chance."""
    return listed(map(split, leaks)) if (leaks := sorted(set(where(control, verdict=LEAKAGE)["protocol"]))) else ""


def _paragraphs(macro: str, **about: object) -> list[Block]:
    return [Paragraph(text) for text in WORDS.texts(macro, **about)]
