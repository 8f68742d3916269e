"""Network of the competition entry."""

from keras import applications, layers, regularizers

BLOCKS = 4  # dense blocks of DenseNet201


def densenet201(inputs, classes, *, blocks=4, units=2048, weights=None):
    """Softmax outputs (N, classes) from images (N, S, S, 3), S >= 32; all layers are trained.

    `blocks` is the number of dense blocks that are kept, 1 to 4, `units` the width of the dense layer. `weights` is
    None, or the file of ImageNet weights without top, as keras.applications takes it.
    """
    base = applications.DenseNet201(include_top=False, weights=weights, input_tensor=inputs)
    last = base.get_layer("relu" if blocks == BLOCKS else f"pool{blocks + 1}_relu")  # after block n stands pool n + 1
    x = layers.BatchNormalization()(layers.GlobalMaxPooling2D()(last.output))
    x = layers.Dense(units, activation="relu", kernel_regularizer=regularizers.L1L2(0.01, 0.01))(x)
    return layers.Dense(classes, activation="softmax")(layers.BatchNormalization()(x))
