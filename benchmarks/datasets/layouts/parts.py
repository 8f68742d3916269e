"""Names of the parts of a shipped split (train, validation, test) in folder names, file names and columns."""

import re

PARTS = ("train", "validation", "test")
NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
FILLERS = {"", "set", "data", "dataset", "image", "images", "imgs", "split", "part", "folder"}  # as in Training_Set
GLUED = re.compile(r"(set|data)$")  # as in trainset


def part_of(name: str) -> str | None:
    """Return the part that `name` names (`Train`, `val`, `test_set`, `train2017`), None for any other name."""
    found, rest = split_name(name)
    return found if not rest else None


def split_name(name: str) -> tuple[str | None, str]:
    """Return the one part in the words of `name`, and the other words: (train, benign) for `Train_benign`.

    The part is None if the words name no part or several.
    """
    words = [word for word in re.split(r"[^a-z]+", name.casefold()) if word not in FILLERS]
    found = {word: NAMES.get(GLUED.sub("", word)) for word in words}
    parts = {part for part in found.values() if part}
    rest = " ".join(word for word in words if not found[word])
    return (parts.pop(), rest) if len(parts) == 1 else (None, rest)


def part_in(path: str) -> str | None:
    """Return the part that the last of the folders of `path` names, else the one in the words of the file's name."""
    *folders, file = path.split("/")
    named = [part for folder in reversed(folders) if (part := part_of(folder))]
    return named[0] if named else split_name(file.rpartition(".")[0])[0]
