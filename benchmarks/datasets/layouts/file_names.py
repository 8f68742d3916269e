"""Files that the names in a manifest mean: paths, names without folder or suffix, paths of another machine."""

import os
import posixpath
import re

from benchmarks.datasets._files import Files, may_be_image
from benchmarks.errors import BadInput

ABSOLUTE = re.compile(r"/|[A-Za-z]:/")
SHOWN = 3  # files in a message


class FileNames:
    """Finds the file of each name in a manifest that lies in `folder` ("" for the top) of `files`."""

    def __init__(self, files: Files, folder: str):
        self.files, self.folder = files, folder
        self._by_name: dict[str, list[str]] | None = None

    def path(self, written: str) -> str:
        """Return the path among the files of a path from the manifest's folder, which may have backslashes."""
        return posixpath.normpath(posixpath.join(self.folder, written.replace("\\", "/")))

    def find(self, written: str) -> str:
        """Return the file: the path from the manifest's folder, else the only image whose path ends so.

        Case is ignored where no file has the very name. The suffix may be missing. Of an absolute path that is not
        there, folders at its start may be missing. Raises BadInput if no file matches, or several.
        """
        path = self.path(written)
        if path in self.files:
            return path
        found = self._matching(written.replace("\\", "/"))
        if len(found) == 1:
            return found[0]
        if found:
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            raise BadInput(f"{written} matches {len(found)} files ({', '.join(found[:SHOWN])}{more}); write the path")
        raise BadInput(f"no file {path}")

    def _matching(self, given: str) -> list[str]:
        """Return the images that `given` may mean; those with the whole name, if any, else those with a suffix more."""
        wanted = _parts(posixpath.normpath(given))
        if not wanted or ".." in wanted:
            return []
        candidates = self._named(wanted[-1])
        for by_stem in (False, True):
            own = [
                name
                for name in candidates
                if _fits(wanted, _parts(_stem(name) if by_stem else name), bool(ABSOLUTE.match(given)), self.folder)
            ]
            if own:
                return own
        return []

    def _named(self, last: str) -> list[str]:
        """Return the images with the name `last`, small letters, with or without their suffix."""
        if self._by_name is None:
            self._by_name = {}
            for name in self.files.readable():
                for key in {_parts(name)[-1], _parts(_stem(name))[-1]}:
                    self._by_name.setdefault(key, []).append(name)
        return [name for name in self._by_name.get(last, []) if may_be_image(name) or _is_dicom(self.files, name)]


def _fits(wanted: list[str], has: list[str], absolute: bool, folder: str) -> bool:
    """Return whether the path `has` ends as `wanted`, or an absolute path ends as `has` below the manifest's folder."""
    if has[-len(wanted) :] == wanted:
        return True
    inside = has[len(_parts(folder)) :]
    return absolute and wanted[-len(inside) :] == inside


def _parts(path: str) -> list[str]:
    return [part for part in path.casefold().split("/") if part]


def _stem(name: str) -> str:
    return os.path.splitext(name)[0] if may_be_image(name) else name


def _is_dicom(files: Files, name: str) -> bool:
    try:
        return files.is_dicom(name)
    except BadInput:
        return False
