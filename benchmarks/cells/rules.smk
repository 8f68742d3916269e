# Cells: every architecture and baseline in every fold of every protocol.


rule cell:
    input:
        RESULTS / "samples.parquet",
        RESULTS / "folds/{protocol}.parquet",
        # Masks are read where lesions are planted.
        lambda wildcards: ancient(
            expand(RESULTS / "{kind}_{size}.npy", kind=["images", "masks"], size=STUDY.size_of(wildcards.architecture))
        ),
        RESULTS / "architectures/{architecture}.json",
        lambda wildcards: [RESULTS / "maps_{architecture}.npy"] if STAGES.from_maps(wildcards) else [],
    output:
        RESULTS / "cells/{architecture}/{protocol}/{fold}/trials.csv",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/hyperparameters.json",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/history.csv",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/model.keras",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/predictions.parquet",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/validation_predictions.parquet",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/default_predictions.parquet",
        RESULTS / "cells/{architecture}/{protocol}/{fold}/runtime.json",
    log:
        LOGS / "cells/{architecture}/{protocol}/{fold}.log",
    priority: STAGES.precedence
    conda:
        "../../envs/benchmark.yaml"
    threads: 1
    # For a cluster. On one machine they limit nothing without --resources.
    resources:
        **NEEDS.of("cell"),
    params:
        **STAGES.params(
            "benchmarks.training --architecture {wildcards.architecture} --protocol {wildcards.protocol}"
            " --fold {wildcards.fold} --threads {threads}",
            loads=STAGES.architecture,
        ),
        settings=lambda wildcards: STUDY.cell_settings(wildcards.architecture, wildcards.protocol),
    message:
        "Train {wildcards.architecture}/{wildcards.protocol}/{wildcards.fold}"
    shell:
        "{params.run} > {log:q} 2>&1"
