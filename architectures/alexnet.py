"""AlexNet: five convolutions and two wide dense layers (Krizhevsky et al. 2012).

Published (breast_cancer_cnn): unpadded, an extra dense layer of 1,000 ReLU units before the classifier, no
normalisation; it collapsed to one class. Corrected: padded, so that images of 32 px pass, batch normalisation in place
of local response normalisation, global average pooling and one dense layer in place of the 62 million dense weights.

The corrected form used to collapse in trainings of few steps because the moving statistics of Keras' batch
normalisation lagged behind (see `_normalisation`).
"""

from keras import layers

from architectures import architecture
from architectures._normalisation import PromptNormalization

# (channels, kernel side, pooling afterwards) of each convolution
CONVOLUTIONS = ((96, 11, True), (256, 5, True), (384, 3, False), (384, 3, False), (256, 3, True))


@architecture(minimum_size=32, cam_layer="relu", reference="Krizhevsky et al. (2012)")
def alexnet(inputs, hp, *, width=1.0, stem_stride=4):
    """Features (N, dense_units). `width` scales the channels; `stem_stride` 2 keeps more detail of small images."""
    width *= hp.Choice("width_multiplier", [0.5, 1.0], default=1.0)
    x = _convolved(inputs, width, stem_stride, "he_normal", corrected=True)
    units = hp.Choice("dense_units", [128, 512], default=128)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)


@alexnet.published(
    image_size=227, batch_size=64, parameters=62_386_352, precision="float32", cam_layer="relu", minimum_size=67
)
def published(inputs, classes, *, width=1.0, initializer="glorot_uniform"):
    """Softmax outputs (N, classes). `width` scales channels and dense units; `initializer` is the hidden layers'."""
    x = layers.Flatten()(_convolved(inputs, width, 4, initializer, corrected=False))
    for units in (4096, 4096, 1000):
        x = layers.Dense(max(8, round(width * units)), activation="relu", kernel_initializer=initializer)(x)
    return layers.Dense(classes, activation="softmax")(x)


def _convolved(x, width, stem_stride, initializer, corrected):
    for number, (channels, side, pooled) in enumerate(CONVOLUTIONS, start=1):
        stem, last = number == 1, number == len(CONVOLUTIONS)
        strides, padding = stem_stride if stem else 1, "same" if corrected or not stem else "valid"
        own = {"use_bias": not corrected, "kernel_initializer": initializer}
        x = layers.Conv2D(max(8, round(width * channels)), side, strides, padding, **own)(x)
        if corrected:
            x = PromptNormalization()(x)
        x = layers.Activation("relu", name="relu" if last else None)(x)
        if pooled and not (corrected and last):
            x = layers.MaxPooling2D(3, strides=2, padding="same" if corrected else "valid")(x)
    return x
