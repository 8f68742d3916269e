"""Network of the second entry on the anonymous mammograms."""

from keras import layers


def cnn(inputs, classes, *, width=1.0):
    """Softmax outputs (N, classes) from images (N, S, S, 3). `width` scales the channels and the dense layers.

    The two dense layers have no activation, as in the notebook; ReLU after the convolutions is ours.
    """
    x = inputs
    for channels in (64, 64, 32):
        x = layers.Conv2D(max(4, round(width * channels)), 3, activation="relu")(x)
        x = layers.MaxPooling2D()(layers.BatchNormalization()(x))
    x = layers.Flatten()(x)
    for units in (80, 64):
        x = layers.Dropout(0.2)(layers.Dense(max(4, round(width * units)))(x))
    return layers.Dense(classes, activation="softmax")(x)
