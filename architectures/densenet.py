"""DenseNet121: every layer of a block sees all earlier ones (Huang et al. 2017, arXiv:1608.06993).

Published (breast_cancer_cnn): no pretrained weights, the flattened map straight into the classifier, mixed precision;
its validation loss was NaN in many epochs. Corrected: He-normal initialisation, normalisation for trainings of few
steps (`_normalisation`; Keras' own with ImageNet weights), global average pooling. Layer names are those of
keras.applications.DenseNet121.
"""

from functools import partial

from keras import layers

from architectures import architecture
from architectures._normalisation import PromptNormalization
from architectures._pretrained import normalised


@architecture(
    minimum_size=32, cam_layer="relu", cut_layer="pool3_pool", reference="Huang et al. (2017)", pretrained="DenseNet121"
)
def densenet(inputs, hp, *, blocks=(6, 12, 24, 16), growth_rate=32, pretrained=False):
    """Feature map (N, S/32, S/32, c). `blocks`: layers of each block; `growth_rate`: channels a layer adds."""
    x, compression, normalisation = inputs, 0.5, PromptNormalization
    if pretrained:
        x, normalisation = normalised(x), partial(layers.BatchNormalization, momentum=0.9)
    else:
        growth_rate = max(4, round(growth_rate * hp.Choice("growth_multiplier", [0.5, 1.0], default=1.0)))
        compression = hp.Choice("compression", [0.25, 0.5, 1.0], default=0.5)
    return _features(x, blocks, growth_rate, compression, normalisation, "he_normal")


@densenet.published(
    image_size=224, batch_size=8, parameters=7_438_920, precision="mixed_float16", cam_layer="relu", minimum_size=32
)
def published(inputs, classes, *, blocks=(6, 12, 24, 16), growth_rate=32):
    """Softmax outputs (N, classes). `blocks`: layers of each block; `growth_rate`: channels a layer adds."""
    x = _features(inputs, blocks, growth_rate, 0.5, layers.BatchNormalization, "glorot_uniform")
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(x))


def _features(x, blocks, growth_rate, compression, normalisation, initializer):
    def convolution(x, channels, size, name, strides=1):
        own = {"use_bias": False, "kernel_initializer": initializer, "name": name}
        return layers.Conv2D(channels, size, strides, "same" if strides == 1 else "valid", **own)(x)

    def activated(x, name, relu=None):
        x = normalisation(epsilon=1.001e-5, name=f"{name}bn")(x)
        return layers.Activation("relu", name=relu or f"{name}relu")(x)

    x = convolution(layers.ZeroPadding2D(3)(x), 2 * growth_rate, 7, "conv1_conv", strides=2)
    x = activated(x, "conv1_")
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(layers.ZeroPadding2D(1)(x))
    for block, depth in enumerate(blocks, start=2):
        for number in range(1, depth + 1):
            name = f"conv{block}_block{number}"
            y = convolution(activated(x, f"{name}_0_"), 4 * growth_rate, 1, f"{name}_1_conv")
            y = convolution(activated(y, f"{name}_1_"), growth_rate, 3, f"{name}_2_conv")
            x = layers.Concatenate(name=f"{name}_concat")([x, y])
        if block < len(blocks) + 1:
            x = activated(x, f"pool{block}_")
            x = convolution(x, int(x.shape[-1] * compression), 1, f"pool{block}_conv")
            x = layers.AveragePooling2D(2, name=f"pool{block}_pool")(x)
    return activated(x, "")
