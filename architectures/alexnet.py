"""AlexNet: five convolutions and two wide dense layers (Krizhevsky et al. 2012).

Published (breast_cancer_cnn): unpadded, an extra dense layer of 1,000 ReLU units before the classifier, no
normalisation; it collapsed to one class. Corrected: padded, so that images of 32 px pass, batch normalisation in place
of local response normalisation, global average pooling and one dense layer in place of the 62 million dense weights.
"""

from keras import layers

from architectures import architecture

# (channels, kernel side, pooling afterwards) of each convolution
CONVOLUTIONS = ((96, 11, True), (256, 5, True), (384, 3, False), (384, 3, False), (256, 3, True))


@architecture(minimum_size=32, cam_layer="relu", reference="Krizhevsky et al. (2012)")
def alexnet(inputs, hp, *, width=1.0, stem_stride=4):
    """Features (N, dense_units). `width` scales the channels; `stem_stride` 2 keeps more detail of small images."""
    width *= hp.Choice("width_multiplier", [0.5, 1.0], default=1.0)
    x = inputs
    for number, (channels, side, pooled) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv2D(
            max(8, round(width * channels)),
            side,
            strides=stem_stride if number == 1 else 1,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        last = number == len(CONVOLUTIONS)
        x = layers.Activation("relu", name="relu" if last else None)(x)
        if pooled and not last:
            x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    units = hp.Choice("dense_units", [128, 512], default=128)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)


@alexnet.published(
    image_size=227, batch_size=64, parameters=62_386_352, precision="float32", cam_layer="relu", minimum_size=67
)
def published(inputs, classes, *, width=1.0, initializer="glorot_uniform"):
    """Softmax outputs (N, classes). `width` scales channels and dense units; `initializer` is the hidden layers'."""
    x = inputs
    for number, (channels, side, pooled) in enumerate(CONVOLUTIONS, start=1):
        stem = number == 1
        padding = "valid" if stem else "same"
        x = layers.Conv2D(
            max(8, round(width * channels)),
            side,
            strides=4 if stem else 1,
            padding=padding,
            kernel_initializer=initializer,
        )(x)
        x = layers.Activation("relu", name="relu" if number == len(CONVOLUTIONS) else None)(x)
        if pooled:
            x = layers.MaxPooling2D(3, strides=2)(x)
    x = layers.Flatten()(x)
    for units in (4096, 4096, 1000):
        x = layers.Dense(max(8, round(width * units)), activation="relu", kernel_initializer=initializer)(x)
    return layers.Dense(classes, activation="softmax")(x)
