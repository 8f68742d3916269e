"""Reader of PyTorch's old (not zip) file format that executes nothing.

Such a file is a sequence of pickles (a magic number, a version, facts about the machine, the object, the keys of its
storages) followed by the storages themselves: their length as a 64-bit integer, then their numbers, little-endian. A
pickle may name any function and have it called: this reader lets it name an ordered dict and plain tensors alone.
"""

import collections
import io
import pickle
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from architectures._errors import BadInput

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, numbers: np.ndarray) -> np.ndarray:
        """Return the tensor's own copy of its part of the storage."""
        whole = isinstance(self.offset, int) and all(isinstance(n, int) for n in (*self.shape, *self.strides))
        if not whole or len(self.shape) != len(self.strides) or min((self.offset, *self.shape, *self.strides)) < 0:
            raise ValueError(f"tensor of shape {self.shape} and strides {self.strides}")
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if (0 not in self.shape and last >= len(numbers)) or np.prod(self.shape, dtype=object) > len(numbers):
            raise ValueError(f"tensor of shape {self.shape} reaches beyond its storage of {len(numbers)} numbers")
        steps = [step * numbers.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps).copy()


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *unused: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_ADMITTED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise ValueError(f"it names {module}.{name}, which is neither an ordered dict nor a plain tensor")
        return _ADMITTED[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, _, view = pid
        if kind != "storage" or view is not None or not isinstance(dtype, np.dtype):
            raise ValueError("a storage of an unknown kind")
        return _Storage(str(key), dtype)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dict by their names, float32 or int64.

    Raises BadInput if the file is no such file, is cut off, or asks for anything else than tensors.
    """
    try:
        stream = io.BytesIO(path.read_bytes())
        magic, version, _, tensors, keys = (_Unpickler(stream).load() for _ in range(5))
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError("not PyTorch's old file format")
        if not all(isinstance(tensor, _Tensor) for tensor in tensors.values()):
            raise ValueError("it holds other things than tensors")
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
        numbers = {key: _numbers(stream, dtypes[key]) for key in keys}
        return {name: tensor.array(numbers[tensor.storage.key]) for name, tensor in tensors.items()}
    # Damaged pickles raise exceptions of many kinds.
    except Exception as error:
        raise BadInput(f"{path}: can't be read as tensors of PyTorch: {error}; get the file again") from error


def _numbers(stream: IO[bytes], dtype: np.dtype) -> np.ndarray:
    length = int.from_bytes(stream.read(8), "little")
    content = stream.read(length * dtype.itemsize)
    if len(content) != length * dtype.itemsize:
        raise ValueError("it is cut off")
    return np.frombuffer(content, dtype)
