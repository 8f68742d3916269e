"""Results that were unpacked from an archive (benchmarks/archive), which holds no images.

The archive's note has the digest of the data. It stands for data that are not there, so that Snakemake can say what is
due. A job that reads images still needs the data.
"""

from benchmarks import stored
from benchmarks.errors import BadInput
from benchmarks.study.study import Study

NOTE = "archive.json"


def recorded_digest(study: Study) -> str | None:
    """Return the digest of the data that archived results were made from; None if the data are there.

    Raises BadInput if the data are missing and the results are not from an archive.
    """
    try:
        study.check_data()
    except BadInput:
        note = study.results() / NOTE
        if study.data or not note.is_file():
            raise
        return stored.record(note)["data"]
    return None
