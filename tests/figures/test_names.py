"""Names that readers see: from the docstrings of architecture files, and of baselines."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import architectures
from analysis.drawing.style import use_style
from analysis.figures import comparison, scores
from analysis.names import BASELINE_NAMES, named, short
from benchmarks.run.code import meaning
from benchmarks.study.names import BASELINES


def test_architectures_have_the_names_of_their_authors():
    assert [
        named(key) for key in ("shufflenet", "densenet", "efficientnet", "efficientnet_lite", "vgg16", "alexnet")
    ] == [
        *("ShuffleNet", "DenseNet121", "EfficientNetV2-B0", "EfficientNet-Lite0", "VGG16", "AlexNet"),
    ]
    # Every architecture of the repository has a name that is not its key.
    assert not [key for key in architectures.names() if named(key) == key]


@pytest.mark.parametrize(
    ("described", "name"),
    [
        ('"""MyNet 2: three convolutions (Author 2026)."""', "MyNet 2"),
        ('"""Three convolutions."""', None),
        ('"""A sentence that goes on for a while before it lists: one, two."""', None),
        ('"""\n: nothing before the colon."""', None),
        ("x = 1", None),
        ("def broken(", None),
    ],
)
def test_without_a_name_the_key_stays(described, name, tmp_path, monkeypatch):
    monkeypatch.setattr(architectures, "__path__", [str(tmp_path)])
    named.cache_clear()
    (tmp_path / "mynet_of_a_test.py").write_text(described)
    assert named("mynet_of_a_test") == (name or "mynet_of_a_test")
    assert named("no_file_of_this_name") == "no_file_of_this_name"
    named.cache_clear()


def test_a_better_name_makes_no_cell_due():
    assert meaning(b'"""MyNet: a network."""\nx = 1') == meaning(b'"""A network."""\nx = 1')


def test_every_baseline_has_a_name_and_a_short_one_for_figures():
    assert list(BASELINE_NAMES) == list(BASELINES)
    assert named("imagenet_logistic") == "logistic regression on ImageNet features"
    assert [short(key) for key in ("imagenet_logistic", "majority", "vgg16")] == [
        *("ImageNet features", "majority class", "VGG16"),
    ]


def test_figures_print_names_and_no_keys():
    use_style()
    keys = ["efficientnet_lite", "shufflenet"]
    rows = [{"architecture": key, "protocol": "by_patient", "accuracy": 0.5} for key in [*keys, *BASELINES]]
    table = pd.DataFrame(rows).assign(ci_low=0.4, ci_high=0.6, majority_accuracy=0.3)
    headline = scores.headline(table, keys, ["by_patient"])
    curve = comparison.learning_curve(table.assign(n_patients=8), keys)
    for figure, names in ((headline, keys), (curve, [*keys, *BASELINES])):
        printed = [text.get_text() for text in figure.findobj(plt.Text)]
        assert {short(key) for key in names} <= set(printed) and not set(names) & set(printed)
        plt.close(figure)


def test_the_smallest_text_of_the_first_figure_is_legible_beside_the_claims():
    """On a page 1280 pixels wide the figure has 430 pixels; text of 11 pixels can be read."""
    use_style()
    table = pd.DataFrame([{"architecture": "vgg16", "protocol": "by_patient", "accuracy": 0.5}])
    figure = scores.headline(table.assign(ci_low=0.4, ci_high=0.6, majority_accuracy=0.3), ["vgg16"], ["by_patient"])
    smallest = min(text.get_fontsize() for text in figure.findobj(plt.Text) if text.get_text())
    assert smallest * 430 / (72 * figure.get_figwidth()) >= 11
    plt.close(figure)
