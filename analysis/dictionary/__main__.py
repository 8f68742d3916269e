"""Command line of the data dictionary.

python -m analysis.dictionary            write docs/tables.md and docs/results.schema.json
python -m analysis.dictionary RESULTS    compare the files of results/<study> or of results/survey with the dictionary
"""

import argparse
from pathlib import Path

from analysis.dictionary.check import SURVEY, problems
from analysis.dictionary.interchange import SCHEMA, as_json, schema
from analysis.dictionary.page import PAGE, text
from benchmarks.errors import existing, refuse, run_cli


def main() -> None:
    """Write the page, or check a results folder. Raises BadInput that lists the differences."""
    parser = argparse.ArgumentParser(description="Write docs/tables.md and its JSON schema, or check a results folder.")
    parser.add_argument("results", nargs="?", type=Path, help="folder of a finished study, or of the survey")
    folder = parser.parse_args().results
    if folder is None:
        PAGE.write_text(text(), encoding="utf-8")
        SCHEMA.write_text(as_json(schema()), encoding="utf-8")
    else:
        start = SURVEY if existing(folder).name == Path(SURVEY).name else ""
        refuse(f"{folder} differs from analysis/dictionary/tables:", problems(folder, start))


if __name__ == "__main__":
    run_cli(main)
