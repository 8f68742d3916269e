"""Measured numbers on the pages: what is stale, and every number as its record has it.

    python -m docs.numbers                      list what is stale, fill in README.md and docs/*.md
    python -m docs.numbers --check              the same without a change; an error if a page differs from its record
    python -m docs.numbers --measure            measure again what is stale and can be measured here, then fill in
    python -m docs.numbers --measure NAME ...   measure these again
    python -m docs.numbers --study NAME         make the record of a finished study, then fill in

docs/numbers/registry.yaml has each measurement with its command, its record and what it needs. A record is stale if the
code that made it has changed since. A stale record is no failure: its numbers are true of the code that made it.
"""

import argparse
from pathlib import Path

from benchmarks.errors import BadInput, run_cli
from benchmarks.run.code import Code
from docs.numbers import measure, study
from docs.numbers.marks import Mark, filled, line, marks
from docs.numbers.records import ROOT, Measured, digests, registry, stale
from docs.numbers.words import Words


def main() -> None:
    """Do what the command line asks. Raises BadInput with --check if a page differs from a record."""
    parser = argparse.ArgumentParser(description="Fill in the measured numbers of README.md and docs/*.md.")
    parser.add_argument("--check", action="store_true", help="change nothing; an error if a page differs")
    parser.add_argument("--measure", nargs="*", metavar="NAME", help="measure again: these, or all that is stale")
    parser.add_argument("--study", metavar="NAME", help="make the record of this finished study")
    parser.add_argument("--results", type=Path, help="folder of its results (default: results/NAME)")
    arguments = parser.parse_args()
    known = registry()
    if arguments.study:
        name = arguments.study
        own = next((one for one in known.values() if one.study == name), None)
        if own is None:
            raise BadInput(f"--study {name}: docs/numbers/registry.yaml has no record of this study; add one")
        study.record(own, arguments.results or Path("results") / name)
    if arguments.measure is not None:
        measure.run(known, arguments.measure)
    print("\n".join(listing(known)))
    changed = differences(known)
    for path, (text, places) in changed.items():
        if not arguments.check:
            path.write_text(text)
        print(
            *(f"{place} {'differs from its record' if arguments.check else 'filled in'}" for place in places), sep="\n"
        )
    if arguments.check and changed:
        raise BadInput("README.md or docs/*.md differ from the records; run make numbers")


def listing(known: dict[str, Measured]) -> list[str]:
    """Return one line for each measurement: fresh, or stale and why."""
    code, kept = Code(), digests()
    reasons = {name: stale(one, kept.get(name), code) for name, one in known.items()}
    width = max(map(len, known))
    return [f"{name:<{width}}  {_state(known[name], reason)}" for name, reason in reasons.items()]


def _state(one: Measured, reason: str) -> str:
    """Return `fresh`, or why the record is stale and what a new measurement takes."""
    if not reason or one.command is None:
        return reason or "fresh"
    takes = [f"{one.minutes:g} min", *one.needs, *(f"results of {name}" for name in one.results)]
    return f"stale: {reason} ({', '.join([*takes, 'an idle machine'] if one.idle else takes)})"


def differences(known: dict[str, Measured]) -> dict[Path, tuple[str, list[str]]]:
    """Return each page whose numbers differ from their records: the page as it should be, and the places that differ.

    Raises BadInput for a mark that is unknown or not closed.
    """
    words = Words(known)
    found = {}
    for path in pages():
        text, page = path.read_text(), path.relative_to(ROOT).as_posix()
        if (new := filled(text, page, words.text)) != text:
            found[path] = new, [_place(text, mark, page) for mark in marks(text, page) if _differs(text, mark, words)]
    return found


def pages() -> list[Path]:
    """Return the pages that may have marks."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _differs(text: str, mark: Mark, words: Words) -> bool:
    return text[mark.start : mark.end] != words.text(mark)


def _place(text: str, mark: Mark, page: str) -> str:
    return f"{page}:{line(text, mark.start)}: {mark.key}"


if __name__ == "__main__":
    run_cli(main)
