"""Parts of the page: texts, HTML tables and images made of the answers of the API."""

import io
from collections.abc import Iterable
from html import escape
from pathlib import Path

from PIL import Image

METHODS = {"gradcam": "Grad-CAM", "gradcam_plus_plus": "Grad-CAM++", "score_cam": "Score-CAM"}
BASELINES = {
    "majority": "always the most frequent class",
    "stratified": "drawn at the classes' frequencies",
    "thumbnail_logistic": "logistic regression on 16 x 16 pixels",
}
PUBLISHED = "published split, with copies of the test images in training"
BESIDE = ("majority", "thumbnail_logistic")  # shown with every answer
PROTOCOLS = {
    "by_patient": "no patient of a test image was seen in training",
    "by_source": "no copy of a test image was seen in training, but other films of its patient may have been",
    "external": "the test images are of another data set",
    "published": "copies of the test images were seen in training",
}
ORDER = {"flagged": 0, "clear": 1}
STYLE = f"<style>{Path(__file__).with_name('style.css').read_text()}</style>"


def interval(estimate: dict) -> str:
    """Return a score with its interval as text: 0.25 (0.15 to 0.35)."""
    if estimate["ci_low"] is None:
        return f"{estimate['estimate']:.2f} (no interval)"
    return f"{estimate['estimate']:.2f} ({estimate['ci_low']:.2f} to {estimate['ci_high']:.2f})"


def verdict(answer: dict, scores: dict | None, published: dict | None) -> str:
    """Return the prediction, and beside it the accuracy of the network, as HTML."""
    lines = [f"probability {answer['probabilities'][answer['predicted']]:.2f}"]
    for name in ("severity", "density"):
        if found := answer[name]:
            lines.append(f"{name}: {found['verdict']} ({found['probabilities'][found['verdict']]:.2f})")
    cells = [_cell("The network answers", answer["predicted"], lines)]
    if scores is None:
        cells.append(_cell("How often it is right", "not known", ["The study has no scores of it."]))
    else:
        own = scores["accuracy"]
        lines = ["share of test images answered correctly"]
        if own["ci_low"] is not None:
            lines.append(f"95 % interval {own['ci_low']:.2f} to {own['ci_high']:.2f}")
        lines.append(f"{scores['n_images']} images of {scores['n_units']} {scores['unit']}: {condition(scores)}")
        name = "Honest accuracy" if honest(scores) else "Accuracy"
        cells.append(_cell(name, f"{own['estimate']:.2f}", lines, _beside(scores, published)))
    return f'<div class="pair">{"".join(cells)}</div>'


def honest(scores: dict) -> bool:
    """Return whether the protocol keeps copies of test images out of training."""
    return scores["protocol"] != "published"


def condition(scores: dict) -> str:
    """Return the meaning of the protocol of the scores."""
    return PROTOCOLS.get(scores["protocol"], f"protocol {scores['protocol']}")


def probabilities(answer: dict) -> str:
    """Return the probabilities of all classes as HTML, the most probable class first."""
    rows = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
    return bars("Probability of each class", [(name, value, f"{value:.2f}") for name, value in rows])


def accuracies(card: dict) -> str:
    """Return the accuracies of the architecture, of the baselines and under the published split as HTML."""
    own, published = card["scores"], card["published"]
    rows = [(f"{card['architecture']}, {own['protocol']}", own["accuracy"]["estimate"], interval(own["accuracy"]))]
    rows += [(BASELINES.get(name, name), value, f"{value:.2f}") for name, value in own["baselines"].items()]
    if published:
        name = f"{card['architecture']}, {PUBLISHED}"
        rows.append((name, published["accuracy"]["estimate"], interval(published["accuracy"])))
    return bars("Accuracy (95 % interval) for comparison", rows)


def contrast(card: dict) -> str:
    """Return a comparison with the accuracy under the published split, empty if that is not higher."""
    own, published = (card[key] and card[key]["accuracy"]["estimate"] for key in ("scores", "published"))
    if not own or not published or own >= published:
        return ""
    return (
        f"With copies of the test images in training, the same architecture reaches {published:.2f}; without, "
        f"{own:.2f}. The higher number measures recall of images it has seen, and says nothing of a new patient."
    )


def bars(caption: str, rows: Iterable[tuple[str, float, str]]) -> str:
    """Return an HTML table of names, bars from 0 to 1 and numbers; the first row is emphasised."""
    lines = []
    for at, (name, value, text) in enumerate(rows):
        drawn = f'<div><span style="width: {100 * value:.1f}%"></span></div>'
        lines.append(
            f'<tr{" class=first" if not at else ""}><th scope="row">{escape(name)}</th>'
            f'<td class="number">{escape(text)}</td><td class="bar" aria-hidden="true">{drawn}</td></tr>'
        )
    return f'<table class="shown"><caption>{escape(caption)}</caption><tbody>{"".join(lines)}</tbody></table>'


def findings(rows: list[dict]) -> str:
    """Return the verdicts of the bias checks as an HTML table, flags first."""
    titles = ("verdict", "check", "of", "effect (95 % interval)", "n", "note")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    lines = []
    for row in sorted(rows, key=lambda row: ORDER.get(row["verdict"], 2)):
        effect = "" if row["effect"] is None else interval(row | {"estimate": row["effect"]})
        cells = (row["verdict"], row["title"], row["region_or_group"], effect, row["n"], row["note"] or "")
        lines.append("".join(f"<td>{escape(str(cell))}</td>" for cell in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    # With a tabindex, the table can be scrolled by keyboard.
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Verdicts of the bias checks">'
        f'<table class="shown"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def mixed(film: bytes, hottest: bytes, opacity: float) -> Image.Image:
    """Return the overlay at `opacity` 0..1, by interpolation between the film and the map at full opacity."""
    one, other = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in (film, hottest))
    return Image.blend(one, other, opacity)


def _beside(scores: dict, published: dict | None) -> str:
    rows = [(BASELINES[name], value) for name, value in scores["baselines"].items() if name in BESIDE]
    if published:
        rows.append((PUBLISHED, published["accuracy"]["estimate"]))
    lines = [f'<tr><th scope="row">{name}</th><td>{value:.2f}</td></tr>' for name, value in rows]
    return f'<table class="shown"><caption>For contrast</caption><tbody>{"".join(lines)}</tbody></table>'


def _cell(label: str, value: str, lines: list[str], more: str = "") -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div><p>{escape(label)}</p><p class="value">{escape(value)}</p>{text}{more}</div>'
