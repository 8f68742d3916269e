"""Simple CNN: two convolutions, each with pooling, and one dense layer; the small network of breast_cancer_cnn.

Published (breast_cancer_cnn): unpadded convolutions, no normalisation; the flattened map (93,312 numbers at 224 px)
holds nearly all the weights. Corrected: batch normalisation (`_normalisation`), and the map averaged to a 4 x 4 grid
before the dense layer, so that the weights don't grow with the image.
"""

from keras import layers

from architectures import architecture
from architectures._normalisation import PromptNormalization


@architecture(minimum_size=32, cam_layer="relu", reference="breast_cancer_cnn, simple architecture")
def simple(inputs, hp, *, filters=(16, 32)):
    """Features (N, dense_units). `filters`: channels of each convolution."""
    width = hp.Choice("width_multiplier", [1, 2, 4], default=2)
    x = inputs
    for number, channels in enumerate(filters, start=1):
        x = layers.Conv2D(width * channels, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        x = PromptNormalization()(x)
        x = layers.Activation("relu", name="relu" if number == len(filters) else None)(x)
        if number < len(filters):
            x = layers.MaxPooling2D()(x)
    cell = [max(1, side // 4) for side in x.shape[1:3]]
    x = layers.Flatten()(layers.AveragePooling2D(cell)(x))
    units = hp.Choice("dense_units", [32, 64, 128], default=64)
    return layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)


@simple.published(
    image_size=224, batch_size=128, parameters=5_977_640, precision="float32", cam_layer="relu", minimum_size=10
)
def published(inputs, classes, *, filters=(16, 32)):
    """Softmax outputs (N, classes). `filters`: channels of each convolution."""
    x = inputs
    for number, channels in enumerate(filters, start=1):
        x = layers.Conv2D(channels, 3, kernel_initializer="he_normal")(x)
        x = layers.Activation("relu", name="relu" if number == len(filters) else None)(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return layers.Dense(classes, activation="softmax")(x)
