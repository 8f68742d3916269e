"""Views of an image: its size in pixels, and the part of the film that it shows."""

import dataclasses

WHOLE, BOX, BREAST = "none", "box", "breast"  # crops (benchmarks/samples/crop.py)
SURROUNDINGS = "surroundings"  # of a box crop: twice its side


@dataclasses.dataclass(frozen=True)
class View:
    """One view of every sample: square images of `size` px after a `crop` (none, box, breast or surroundings).

    `own` says whether the crop is the study's own. The arrays of a view are images_<name>.npy.
    """

    size: int
    crop: str = WHOLE
    own: bool = True

    @classmethod
    def of(cls, size: int, crop: str | None, own: str) -> "View":
        """Return the view with `crop`, None for that of the study, which is `own`."""
        return cls(size, crop or own, crop in (None, own))

    @property
    def name(self) -> str:
        """Return the size, followed by the crop unless it is the study's own: `448`, `800_breast`."""
        return str(self.size) if self.own else f"{self.size}_{self.crop}"
