"""Tables of the publications that a study replays (`python -m analysis.survey.replays --study NAME`).

Writes into results/<study>/tables

    replays.csv         a row for each publication, variant and protocol, and for the baselines majority and
                        imagenet_logistic: role (own, permuted, or an honest protocol), copies (before the own split,
                        where several numbers are possible), n_cells, n (test images, of one seed of an own split),
                        unit, n_units, accuracy (mean of the seeds; of honest protocols, all folds together) with its
                        95% bootstrap interval over units, accuracy_minimum and accuracy_maximum of the seeds, drop
                        (accuracy under the last own split less that under an honest protocol) with its paired
                        interval, majority_accuracy (share of the most frequent class), severity_auc (within folds)
                        with its interval, image_size, epochs and both as published, parameters, weights (none,
                        imagenet, scratch: without the weights that the publication started from), reduced (how the
                        replay is smaller), training_accuracy (mean of the cells)
    replay_figures.csv  each printed figure: publication, variant, part, where, metric, class, printed, value (0..1),
                        copies, minimum and maximum of the seeds, n_seeds, verdict (reproduced: in that range, up to
                        rounding; not reproduced; not evaluable), reason
    replay_leaks.csv    each own split: publication, protocol, copies, n_train, n_validation, n_test, same_source (test
                        files with a copy in training), identical (test files with the same pixels as a training file),
                        sizes_printed, sizes_fit (whether parts and classes have the printed sizes)
"""

import pandas as pd

from analysis.survey import figures, leaks
from analysis.survey.measured import Measured
from analysis.tidy import table_stage
from benchmarks.errors import BadInput, run_cli
from benchmarks.study.study import Study


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables of a study's replays. Raises BadInput if it replays none, or if a replay is missing."""
    if not study.publications:
        raise BadInput(f"{study.path} replays no publication; name one in `publications`")
    return {"replays": Measured(study).rows(), "replay_figures": figures.rows(study), "replay_leaks": leaks.rows(study)}


main = table_stage("Measure the publications that a study replays.", tables, float_format="%.4f")

if __name__ == "__main__":
    run_cli(main)
