from pathlib import Path

import pandas as pd

from benchmarks.publications import publication
from reports import bibliography, render, wording
from reports.checklists.section import FILES, load
from reports.escaping import cited, tex, tex_citation
from reports.sections.claims import _causes
from reports.wording import count, number


def test_numbers_are_worded():
    assert number(-0.004) == "0.00" and number(-0.25) == "\N{MINUS SIGN}0.25" and number(None) == wording.MISSING
    assert count(7632) == "7,632" and wording.units(1, "patients") == "1 patient"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert [wording.duration(s) for s in (12.34, 200, 299.6, 3720)] == [
        *("12.3 s", "3 min 20 s", "5 min 00 s", "1 h 02 min")
    ]


def test_tex_escapes_every_special_letter():
    assert tex("a & 50% of $x_1$") == r"a \& 50\% of \$x\_\allowbreak{}1\$"
    assert tex("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert tex("line\nbreak") == "line break"
    convert = cited(bibliography.references(), tex, tex_citation)
    assert convert("x [@kapoor2023; @efron1993]") == r"x \citep{kapoor2023,efron1993}"
    assert "citep" not in convert("x [@unknown]")


def test_references_read_as_text():
    known = bibliography.references()
    assert known["moreira2012"].text.startswith("Inês C. Moreira, Igor Amaral, Inês Domingues, António Cardoso")
    assert known["moreira2012"].doi == "10.1016/j.acra.2011.09.014"
    assert all(not set(reference.text) & set("{}\\") for reference in known.values())
    folder = Path(render.__file__).parent
    sources = "".join(path.read_text() for path in [*folder.rglob("*.py"), *folder.rglob("*.j2")])
    studied = {
        publication.load(publication.find("published"))["citation"],
        *(load(file).citation for file in FILES.values()),
    }
    assert set(known) == {key for key in bibliography.cited_keys(sources) if key in known} | studied


def test_causes_of_collapse_tell_whole_and_reduced_networks_apart():
    def run(architecture, change, parameters, size, seed, classes):
        row = {"architecture": architecture, "change": change, "parameters": parameters, "image_size": size}
        return row | {"seed": seed, "epochs": 3, "predicted_classes": classes}

    runs = pd.DataFrame(
        [
            *(run("alexnet", "none", 62, 227, seed, 1) for seed in (1, 2)),
            run("alexnet", "learning_rate=0.0001", 62, 227, 1, 4),
            *(run("alexnet", "none", 5, 67, seed, 6) for seed in (1, 2)),
            *(run("vgg16", "none", 3, 64, seed, classes) for seed, classes in ((1, 1), (2, 3))),
            run("simple", "none", 7, 64, 1, 8),
        ]
    )
    figures = {"alexnet": {"parameters": 62, "test_accuracy": 0.45}, "vgg16": {"parameters": 99, "test_accuracy": 0.45}}
    assert list(_causes(runs, figures)) == [
        "AlexNet always collapsed: the original network (3 epochs) in 2 of 2 runs, with learning_rate=0.0001 in 0 "
        "of 1.",
        "VGG16 collapsed by chance: the reduced network (3 epochs) in 1 of 2 runs.",
    ]
