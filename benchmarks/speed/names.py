"""The option `--names` of measurements: architectures, by default all that have a published form."""

import architectures

PUBLISHED = [name for name in architectures.names() if architectures.describe(name).published]
NAMES = {"nargs": "+", "default": PUBLISHED, "metavar": "NAME", "help": "architectures"}
