"""Network of the competition entry."""

from keras import applications, layers, regularizers


def densenet201(inputs, classes, *, units=2048, weights=None):
    """Softmax outputs (N, classes) from images (N, S, S, 3), S >= 32; all layers are trained.

    `units` is the width of the dense layer. `weights` is None, or the file of ImageNet weights without top, as
    keras.applications takes it.
    """
    base = applications.DenseNet201(include_top=False, weights=weights, input_tensor=inputs, pooling="max")
    x = layers.BatchNormalization()(base.output)
    x = layers.Dense(units, activation="relu", kernel_regularizer=regularizers.L1L2(0.01, 0.01))(x)
    return layers.Dense(classes, activation="softmax")(layers.BatchNormalization()(x))
