"""ShuffleNet: cheap grouped 1 x 1 convolutions whose groups are mixed by a channel shuffle (Zhang et al. 2018,
arXiv:1707.01083).

Published (breast_cancer_cnn): ungrouped convolutions (the groups are in the shuffle only), and units of stride 1 that
concatenate their input instead of adding it, so that a stage widens from unit to unit. Rebuilt from its total and
trainable parameter counts; kernels have no biases. Corrected: the paper's units with its channels for each number of
groups, and normalisation for trainings of few steps (`_normalisation`).
"""

from keras import layers
from keras.initializers import VarianceScaling

from architectures import architecture
from architectures._normalisation import PromptNormalization

STAGE_CHANNELS = {2: 200, 3: 240, 4: 272}  # by groups, of the first stage: table 1 of the paper
STEM_CHANNELS = 24


@architecture(minimum_size=32, cam_layer="relu", reference="Zhang et al. (2018)")
def shufflenet(inputs, hp, *, units=(4, 8, 4), width=1.0):
    """Feature map (N, S/32, S/32, 960). `units`: of each stage; `width` scales the channels."""
    groups = hp.Choice("groups", list(STAGE_CHANNELS), default=3)
    width *= hp.Choice("width_multiplier", [0.5, 1.0], default=1.0)

    def channels(count):
        """Scale and round so that the channels of every bottleneck divide by the groups."""
        return 4 * groups * max(1, round(width * count / (4 * groups)))

    x = _stem(inputs, channels(STEM_CHANNELS), PromptNormalization, "he_normal")
    for stage, repeats in enumerate(units):
        for unit in range(repeats):
            out = channels(STAGE_CHANNELS[groups] * 2**stage)
            last = (stage, unit) == (len(units) - 1, repeats - 1)
            x = _unit(x, out, groups, strides=1 if unit else 2, first=stage == unit == 0, name="relu" if last else None)
    return x


@shufflenet.published(
    image_size=224, batch_size=8, parameters=8_176_784, precision="float32", cam_layer="shuffled", minimum_size=32
)
def published(inputs, classes, *, units=(4, 8, 4), width=1.0):
    """Softmax outputs (N, classes). `units`: of each stage; `width` scales the channels."""
    groups = 3
    x = _stem(inputs, STEM_CHANNELS, layers.BatchNormalization, "glorot_uniform")
    for stage, repeats in enumerate(units):
        half = groups * max(1, round(width * STAGE_CHANNELS[groups] * 2**stage / (2 * groups)))
        for unit in range(repeats):
            strides = 1 if unit else 2
            shortcut = x
            if strides == 2:
                shortcut = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(shortcut)
                shortcut = _activated(layers.BatchNormalization()(shortcut), half)
            y = _activated(x, half)
            y = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(y)
            y = _activated(layers.BatchNormalization()(y), half)
            last = (stage, unit) == (len(units) - 1, repeats - 1)
            x = _shuffled(layers.Concatenate()([shortcut, y]), groups, name="shuffled" if last else None)
    return layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def _stem(x, channels, normalisation, initializer):
    x = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False, kernel_initializer=initializer)(x)
    x = layers.Activation("relu")(normalisation()(x))
    return layers.MaxPooling2D(3, strides=2, padding="same")(x)


def _activated(x, channels):
    x = layers.Conv2D(channels, 1, use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def _unit(x, channels, groups, strides, first, name):
    """One unit of the paper's figure 2: (b) of stride 1 adds its input, (c) of stride 2 concatenates it, averaged."""
    shortcut = x
    if strides == 2:
        shortcut = layers.AveragePooling2D(3, strides=2, padding="same")(x)
        out = channels - x.shape[-1]
    else:
        out = channels
    # The paper leaves the very first 1 x 1 convolution ungrouped: its input has few channels.
    y = _grouped(x, channels // 4, 1 if first else groups)
    y = layers.Activation("relu")(PromptNormalization()(y))
    y = _shuffled(y, groups)
    y = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False, depthwise_initializer="he_normal")(y)
    y = PromptNormalization()(y)
    y = PromptNormalization()(_grouped(y, out, groups))
    y = layers.Add()([shortcut, y]) if strides == 1 else layers.Concatenate()([shortcut, y])
    return layers.Activation("relu", name=name)(y)


def _grouped(x, channels, groups):
    """A grouped 1 x 1 convolution as one product; TensorFlow's grouped Conv2D is 8 times slower on a CPU."""
    height, width, channels_in = x.shape[1:]
    x = layers.Reshape((height, width, groups, channels_in // groups))(x)
    # He-normal; Keras counts the groups into the fan, which a group doesn't see.
    he_normal = VarianceScaling(2.0 * groups, "fan_in", "truncated_normal")
    shape = (height, width, groups, channels // groups)
    x = layers.EinsumDense("bhwgc,gcd->bhwgd", output_shape=shape, kernel_initializer=he_normal)(x)
    return layers.Reshape((height, width, channels))(x)


def _shuffled(x, groups, name=None):
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, groups, channels // groups))(x)
    return layers.Reshape((height, width, channels), name=name)(layers.Permute((1, 2, 4, 3))(x))
