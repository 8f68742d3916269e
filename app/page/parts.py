"""Words, tables and pictures of the page: what the API answered, as HTML and pixels."""

import io
from collections.abc import Iterable
from html import escape

from PIL import Image

METHODS = {"gradcam": "Grad-CAM", "gradcam_plus_plus": "Grad-CAM++", "score_cam": "Score-CAM"}
BASELINES = {
    "majority": "always the most frequent class",
    "stratified": "drawn at the classes' frequencies",
    "thumbnail_logistic": "logistic regression on 16 x 16 pixels",
}
PUBLISHED = "published split, with copies of the test images in training"
BESIDE = ("majority", "thumbnail_logistic")  # told beside every answer
PROTOCOLS = {
    "by_patient": "no patient of a test image was seen in training",
    "by_source": "no copy of a test image was seen in training, but other films of its patient may have been",
    "external": "the test images are of another data set",
    "published": "copies of the test images were seen in training",
}
ORDER = {"flagged": 0, "clear": 1}
# Colours are the theme's own, so that light and dark both have contrast.
STYLE = """<style>
.block-container { max-width: 72rem; padding-top: 4rem; }
h1 { font-size: clamp(1.5rem, 4vw, 2rem) !important; } h2 { font-size: 1.5rem !important; }
.stImage img { border-radius: 0; }
div:has(> .st-key-disclaimer) { position: sticky; top: 3.75rem; z-index: 10; }
.st-key-disclaimer p { background: #fff3cd; color: #3d2c00; border-left: 4px solid #8a6100; margin: 0;
  padding: .5rem .75rem; font-weight: 600; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.pair > div { border: 1px solid #8888; border-radius: 4px; padding: .75rem 1rem; }
.pair p { margin: 0; } .pair .value { font-size: 1.6rem; font-weight: 600; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.shown { border-collapse: collapse; width: 100%; font-size: .95rem; }
.shown caption { text-align: left; font-weight: 600; padding: .75rem 0 .25rem; }
.shown th, .shown td { text-align: left; font-weight: 400; padding: .25rem .75rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid #8884; }
.shown thead th { font-weight: 600; } .shown td { font-variant-numeric: tabular-nums; }
.shown .first th, .shown .first td { font-weight: 600; }
.shown .number { white-space: nowrap; }
.shown .bar { width: 30%; min-width: 3rem; vertical-align: middle; padding-right: 0; }
.pair .shown { margin-top: .5rem; } .pair .shown td { text-align: right; padding-right: 0; }
@media (max-width: 640px) { .shown .bar { width: 15%; min-width: 2rem; } }
[data-testid="stCaptionContainer"], [data-testid="stImageCaption"] { color: inherit; opacity: .85; text-align: left; }
.bar div { background: #8883; } .bar span { display: block; height: .7rem; background: #3b5b8c; }
</style>"""


def interval(estimate: dict) -> str:
    """A score with its interval: 0.25 (0.15 to 0.35)."""
    if estimate["ci_low"] is None:
        return f"{estimate['estimate']:.2f} (no interval)"
    return f"{estimate['estimate']:.2f} ({estimate['ci_low']:.2f} to {estimate['ci_high']:.2f})"


def verdict(answer: dict, scores: dict | None, published: dict | None) -> str:
    """What the network answers, and beside it how often it is right."""
    cells = [_cell("The network answers", answer["predicted"], [_probability(answer), *_factors(answer)])]
    if scores is None:
        cells.append(_cell("How often it is right", "not known", ["The study has no scores of it."]))
    else:
        own = scores["accuracy"]
        told = ["share of test images answered correctly"]
        if own["ci_low"] is not None:
            told.append(f"95 % interval {own['ci_low']:.2f} to {own['ci_high']:.2f}")
        told.append(f"{scores['n_images']} images of {scores['n_units']} {scores['unit']}: {condition(scores)}")
        name = "Honest accuracy" if honest(scores) else "Accuracy"
        cells.append(_cell(name, f"{own['estimate']:.2f}", told, _beside(scores, published)))
    return f'<div class="pair">{"".join(cells)}</div>'


def honest(scores: dict) -> bool:
    """Whether the protocol keeps copies of test images out of training."""
    return scores["protocol"] != "published"


def condition(scores: dict) -> str:
    """What the protocol of the scores means."""
    return PROTOCOLS.get(scores["protocol"], f"protocol {scores['protocol']}")


def probabilities(answer: dict) -> str:
    """Every class, the most probable first."""
    rows = sorted(answer["probabilities"].items(), key=lambda item: -item[1])
    return bars("Probability of each class", [(name, value, f"{value:.2f}") for name, value in rows])


def accuracies(card: dict) -> str:
    """The architecture's accuracy, the baselines' and the published split's."""
    own, published = card["scores"], card["published"]
    rows = [(f"{card['architecture']}, {own['protocol']}", own["accuracy"]["estimate"], interval(own["accuracy"]))]
    rows += [(BASELINES.get(name, name), value, f"{value:.2f}") for name, value in own["baselines"].items()]
    if published:
        name = f"{card['architecture']}, {PUBLISHED}"
        rows.append((name, published["accuracy"]["estimate"], interval(published["accuracy"])))
    return bars("Accuracy (95 % interval) for comparison", rows)


def contrast(card: dict) -> str:
    """What becomes of the published split's accuracy, if it is the higher one."""
    own, published = (card[key] and card[key]["accuracy"]["estimate"] for key in ("scores", "published"))
    if not own or not published or own >= published:
        return ""
    return (
        f"With copies of the test images in training, the same architecture reaches {published:.2f}; without, "
        f"{own:.2f}. The higher number measures recall of images it has seen, and says nothing of a new patient."
    )


def bars(caption: str, rows: Iterable[tuple[str, float, str]]) -> str:
    """A table of names, bars from 0 to 1 and numbers; the first row is the one that counts."""
    lines = []
    for at, (name, value, text) in enumerate(rows):
        drawn = f'<div><span style="width: {100 * value:.1f}%"></span></div>'
        lines.append(
            f'<tr{" class=first" if not at else ""}><th scope="row">{escape(name)}</th>'
            f'<td class="number">{escape(text)}</td><td class="bar" aria-hidden="true">{drawn}</td></tr>'
        )
    return f'<table class="shown"><caption>{escape(caption)}</caption><tbody>{"".join(lines)}</tbody></table>'


def findings(rows: list[dict]) -> str:
    """The verdicts of the bias checks, flags first."""
    titles = ("verdict", "check", "of", "effect (95 % interval)", "n", "note")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    lines = []
    for row in sorted(rows, key=lambda row: ORDER.get(row["verdict"], 2)):
        effect = "" if row["effect"] is None else interval(row | {"estimate": row["effect"]})
        cells = (row["verdict"], row["title"], row["region_or_group"], effect, row["n"], row["note"] or "")
        lines.append("".join(f"<td>{escape(str(cell))}</td>" for cell in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    # A focus lets the keyboard scroll it.
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Verdicts of the bias checks">'
        f'<table class="shown"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def mixed(film: bytes, hottest: bytes, opacity: float) -> Image.Image:
    """The overlay at `opacity` 0..1, which is linear between the film alone and the map at its full opacity."""
    return Image.blend(*(Image.open(io.BytesIO(picture)).convert("RGB") for picture in (film, hottest)), opacity)


def _probability(answer: dict) -> str:
    return f"probability {answer['probabilities'][answer['predicted']]:.2f}"


def _factors(answer: dict) -> list[str]:
    return [
        f"{name}: {answer[name]['verdict']} ({answer[name]['probabilities'][answer[name]['verdict']]:.2f})"
        for name in ("severity", "density")
        if answer[name]
    ]


def _beside(scores: dict, published: dict | None) -> str:
    rows = [(BASELINES[name], value) for name, value in scores["baselines"].items() if name in BESIDE]
    if published:
        rows.append((PUBLISHED, published["accuracy"]["estimate"]))
    lines = [f'<tr><th scope="row">{name}</th><td>{value:.2f}</td></tr>' for name, value in rows]
    return f'<table class="shown"><caption>For contrast</caption><tbody>{"".join(lines)}</tbody></table>'


def _cell(label: str, value: str, told: list[str], more: str = "") -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in told)
    return f'<div><p>{escape(label)}</p><p class="value">{escape(value)}</p>{lines}{more}</div>'
