"""Parts of the page: texts, HTML tables and images made of the answers of the API."""

import io
from collections.abc import Iterable
from html import escape
from pathlib import Path

from PIL import Image

METHODS = {"gradcam": "Grad-CAM", "gradcam_plus_plus": "Grad-CAM++", "score_cam": "Score-CAM"}
BASELINES = {
    "majority": "majority-class baseline",
    "stratified": "random class at the classes' frequencies",
    "thumbnail_logistic": "logistic regression on 16 x 16 pixels",
    "imagenet_logistic": "logistic regression on features of a network that saw no mammogram",
}
PUBLISHED = "published split, with copies of the test images in training"
BESIDE = ("majority", "imagenet_logistic")  # shown with every answer
PROTOCOLS = {
    "by_patient": "no patient of a test image is in training",
    "by_source": "no copy of a test image is in training, but other films of its patient may be",
    "official": "no patient of a test image is in training, by the split that the data set ships",
    "as_shipped": "the test images are those of the split as shipped; their patients may be in training",
    "external": "the test images are from another data set",
    "published": "copies of the test images are in training",
}
NOT_HONEST = ("published", "as_shipped")
ORDER = {"flagged": 0, "clear": 1}
STYLE = f"<style>{Path(__file__).with_name('style.css').read_text()}</style>"


def interval(estimate: dict) -> str:
    """Return the 95% CI of a score as text."""
    if estimate["ci_low"] is None:
        return "no interval"
    return f"95% CI {estimate['ci_low']:.2f} to {estimate['ci_high']:.2f}"


def number(estimate: dict) -> str:
    """Return a score with its interval as text: 0.25 (95% CI 0.15 to 0.35)."""
    return f"{estimate['estimate']:.2f} ({interval(estimate)})"


def verdict(answer: dict, scores: dict | None, published: dict | None) -> str:
    """Return the prediction, and beside it the accuracy of the network, as HTML."""
    lines = [f"probability {answer['probabilities'][answer['predicted']]:.2f}"]
    for name in ("severity", "density"):
        if found := answer[name]:
            lines.append(f"{name}: {found['verdict']} ({found['probabilities'][found['verdict']]:.2f})")
    prediction = _cell("Predicted class", answer["predicted"], lines)
    if scores is None:
        accuracy = _cell("Accuracy", "not known", ["The study has no scores for this network."])
    else:
        own, sample = scores["accuracy"], f"{scores['n_images']} test images of {scores['n_units']} {scores['unit']}"
        name = "Accuracy" if scores["protocol"] in NOT_HONEST else "Honest accuracy"
        lines = [interval(own), f"{sample}: {condition(scores)}"]
        accuracy = _cell(name, f"{own['estimate']:.2f}", lines, _beside(scores, published))
    return f'<div class="pair">{prediction}{accuracy}</div>'


def known(film: dict) -> str:
    """Return the warning about an upload that is a copy of a training or validation film, as Markdown."""
    transform = film["transform"]
    if transform["identical_pixels"]:
        return f"**{film['message']}** All pixels are identical."
    mirrored = "mirrored and " if transform["mirrored"] else ""
    changed = f"{mirrored}rotated by {transform['rotation']:.0f} degrees counter-clockwise"
    return f"**{film['message']}** The upload is that film {changed} (similarity {film['similarity']:.2f} of 1)."


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
    rows = [(f"{card['architecture']}, {own['protocol']}", own["accuracy"]["estimate"], number(own["accuracy"]))]
    rows += [(BASELINES.get(name, name), value, f"{value:.2f}") for name, value in own["baselines"].items()]
    if published:
        name = f"{card['architecture']}, {PUBLISHED}"
        rows.append((name, published["accuracy"]["estimate"], number(published["accuracy"])))
    return bars("Accuracy and baselines", rows)


def contrast(card: dict) -> str:
    """Return a comparison with the accuracy under the published split, empty if that is not higher."""
    own, published = (card[key] and card[key]["accuracy"]["estimate"] for key in ("scores", "published"))
    if not own or not published or own >= published:
        return ""
    return (
        f"With copies of the test images in training, the same architecture reaches {published:.2f}; without, "
        f"{own:.2f}. The higher accuracy measures recall of training images, not performance on new patients."
    )


def bars(caption: str, rows: Iterable[tuple[str, float, str]]) -> str:
    """Return an HTML table of names, bars from 0 to 1 and numbers; the first row is emphasised."""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{escape(text)}</td><td class="bar" '
        f'aria-hidden="true"><div><span style="width: {100 * value:.1f}%"></span></div></td></tr>'
        for name, value, text in rows
    )
    return f'<table class="shown bars"><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>'


def findings(rows: list[dict]) -> str:
    """Return the verdicts of the bias checks as an HTML table, flagged verdicts first."""
    titles = ("verdict", "check", "region or group", "effect", "n", "note")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = ""
    for row in sorted(rows, key=lambda row: ORDER.get(row["verdict"], 2)):
        effect = "" if row["effect"] is None else number(row | {"estimate": row["effect"]})
        cells = (row["verdict"], row["title"], row["region_or_group"], effect, row["n"], row["note"] or "")
        body += f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"
    # With a tabindex, the table can be scrolled by keyboard.
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Verdicts of the bias checks">'
        f'<table class="shown"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def mixed(film: bytes, full: bytes, opacity: float) -> Image.Image:
    """Return the overlay at `opacity` 0..1, by interpolation between the film and the map at full opacity."""
    one, other = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in (film, full))
    return Image.blend(one, other, opacity)


def _beside(scores: dict, published: dict | None) -> str:
    values = {BASELINES[name]: scores["baselines"][name] for name in BESIDE}
    if published:
        values[PUBLISHED] = published["accuracy"]["estimate"]
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{value:.2f}</td></tr>' for name, value in values.items())
    return f'<table class="shown"><caption>For comparison</caption><tbody>{rows}</tbody></table>'


def _cell(label: str, value: str, lines: list[str], more: str = "") -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div><p>{escape(label)}</p><p class="value">{escape(value)}</p>{text}{more}</div>'
