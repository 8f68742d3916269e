"""What make sets for all that it starts."""

import os
import subprocess

from conftest import ROOT


def test_python_may_keep_what_it_compiles():
    """Packages are installed without compiled files: else each process would compile TensorFlow for itself."""
    show = ["make", "--no-print-directory", "--eval", 'show: ; @echo "[$${PYTHONDONTWRITEBYTECODE}]"', "show"]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(show, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
