"""A training that ends early continues at its checkpoint; a torn or foreign checkpoint is refused."""

import keras
import numpy as np
import pytest

from benchmarks import backend
from benchmarks.checkpoints import callback, file, fingerprint
from benchmarks.checkpoints.callback import STOPPING, Checkpoints
from benchmarks.errors import BadInput

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 6)).astype("float32"), RNG.integers(0, 2, 40)
EPOCHS = 6
PLATEAU = ("best", "wait", "cooldown_counter")


class Killed(BaseException):
    """Stands for the signal that ends a process."""


def killer(epoch):
    def die(own, logs=None):
        if own == epoch:
            raise Killed

    return keras.callbacks.LambdaCallback(on_epoch_begin=die)


def trained(folder, about="one", killed=None, x=X):
    """Train a model with dropout; return its weights, the checkpoints, and the number of the first epoch."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(8, activation="relu")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    kept = {
        keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.05): PLATEAU,
        keras.callbacks.EarlyStopping("accuracy", patience=EPOCHS, restore_best_weights=True): STOPPING,
    }
    checkpoints = Checkpoints(folder)
    first = checkpoints.resume({"name": about}, [x, Y], kept)
    callbacks = [*kept, *([] if killed is None else [killer(killed)]), checkpoints]
    if killed is None:
        model.fit(x, Y, batch_size=16, epochs=EPOCHS, initial_epoch=first, callbacks=callbacks, verbose=0)
    else:
        with pytest.raises(Killed):
            model.fit(x, Y, batch_size=16, epochs=EPOCHS, initial_epoch=first, callbacks=callbacks, verbose=0)
    return model.get_weights(), checkpoints, first


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Weights and learning curve of the uninterrupted training."""
    backend.prepare(1)
    weights, checkpoints, _ = trained(None)
    return weights, checkpoints.history


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(callback, "EVERY", 0)
    monkeypatch.setattr(callback, "SHARE", 0)


def same(found, whole):
    weights, checkpoints, _ = found
    assert all((one == other).all() for one, other in zip(weights, whole[0], strict=True))
    assert checkpoints.history == whole[1]


def test_a_training_killed_twice_ends_with_the_same_weights_and_the_whole_learning_curve(whole, often, tmp_path):
    trained(tmp_path, killed=2)
    assert [path.name for path in file.paths(tmp_path)] == ["000002.checkpoint", "000001.checkpoint"]
    assert trained(tmp_path, killed=4)[2] == 2
    found = trained(tmp_path)
    same(found, whole)
    assert found[1].resumed == [2, 4] and found[1].earlier > 0
    assert len({*map(float, whole[1]["learning_rate"])}) > 1  # the schedule had something to remember


def test_a_training_killed_after_its_last_epoch_trains_none_again(whole, often, tmp_path):
    trained(tmp_path)
    found = trained(tmp_path)
    assert found[2] == EPOCHS
    same(found, whole)


def flipped(content):
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("torn", [flipped, lambda content: content[:-100], lambda content: content[:10], lambda _: b""])
def test_a_torn_checkpoint_is_refused_and_the_one_before_taken(whole, often, tmp_path, capsys, torn):
    trained(tmp_path, killed=3)
    last = file.paths(tmp_path)[0]
    last.write_bytes(torn(last.read_bytes()))
    found = trained(tmp_path)
    assert found[2] == 2
    same(found, whole)
    told = capsys.readouterr().out
    assert f"{last} is incomplete or damaged: its digest differs; it is refused and removed" in told
    assert f"Training is resumed after epoch 2, from {tmp_path / '000002.checkpoint'}" in told


def test_without_a_checkpoint_that_is_whole_training_starts_over(whole, often, tmp_path):
    trained(tmp_path, killed=3)
    for path in file.paths(tmp_path):
        path.write_bytes(flipped(path.read_bytes()))
    found = trained(tmp_path)
    assert found[2] == 0
    same(found, whole)


@pytest.mark.parametrize("other", [{"about": "two"}, {"x": X + 1}])
def test_a_checkpoint_of_other_settings_or_data_is_refused(whole, often, tmp_path, capsys, other):
    trained(tmp_path, killed=3, **other)
    found = trained(tmp_path)
    assert found[2] == 0
    same(found, whole)
    assert "is of another training: other settings, data, code, versions or threads" in capsys.readouterr().out


def test_short_training_writes_nothing(whole, tmp_path):
    trained(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_training_goes_on_where_no_checkpoint_can_be_written(whole, often, tmp_path, capsys):
    (tmp_path / "full").write_text("no folder")
    same(trained(tmp_path / "full"), whole)
    assert "after epoch 1: " in capsys.readouterr().out


def test_the_fingerprint_is_that_of_threads_and_code_too(monkeypatch):
    first = fingerprint.fingerprint({}, [X])
    assert fingerprint.fingerprint({}, [X.copy()]) == first
    with monkeypatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "17")
        assert fingerprint.fingerprint({}, [X]) != first
    monkeypatch.setattr(fingerprint, "_code", lambda: "another")
    assert fingerprint.fingerprint({}, [X]) != first
    assert fingerprint.fingerprint({}, [X.reshape(6, 40)]) != fingerprint.fingerprint({}, [X])


def test_a_file_holds_its_record_and_arrays_exactly(tmp_path):
    record = {"loss": [0.1 + 0.2, float("inf")], "best": None}
    arrays = {"model/0": RNG.normal(size=(3, 4)), "seed": np.array([7, 2**32 - 1], np.uint32), "none": np.zeros((0, 2))}
    path = file.write(tmp_path, 7, record, arrays)
    found = file.read(path)
    assert found[0] == record and found[1].keys() == arrays.keys()
    assert all((found[1][name] == own).all() and found[1][name].dtype == own.dtype for name, own in arrays.items())
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BadInput, match="its digest differs"):
        file.read(path)
