"""What the templates of both formats share."""

from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def environment(**options) -> jinja2.Environment:
    """A Jinja environment that escapes everything and fails on what is undefined; `options` are Jinja's."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
