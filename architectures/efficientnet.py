"""EfficientNetV2-B0: fused and depthwise inverted bottlenecks (Tan & Le 2021, arXiv:2104.00298).

Published (breast_cancer_cnn): the whole network with its own 8-way softmax, and another dense softmax on top of it;
pixels already scaled to 0..1 are divided by 255 again by the network's built-in preprocessing; mixed precision. It
collapsed to one class. Corrected: features only, pixels scaled once. Both forms keep the paper's initialisation; the
published form, and the corrected form with ImageNet weights, keep the momentum of its batch normalisation (0.9). Layer
names are those of keras.applications.EfficientNetV2B0.

The corrected form used to collapse in trainings of few steps because the moving statistics of Keras' batch
normalisation lagged behind (see `_normalisation`): after the first step (phantoms, 64 px), the features of the images
differed by 1 % of their mean in inference, by 136 % in training.
"""

import math
from functools import partial

from keras import layers
from keras.initializers import VarianceScaling

from architectures import architecture
from architectures._normalisation import PromptNormalization
from architectures._pretrained import normalised

# (blocks, channels, expansion, stride, fused) of each stage; those not fused squeeze and excite
STAGES = (
    (1, 16, 1, 1, True),
    (2, 32, 4, 2, True),
    (2, 48, 4, 2, True),
    (3, 96, 4, 2, False),
    (5, 112, 6, 1, False),
    (8, 192, 6, 2, False),
)
STEM_CHANNELS, TOP_CHANNELS = 32, 1280
DROP_PATH = 0.2
PAPERS = partial(layers.BatchNormalization, momentum=0.9)


@architecture(
    minimum_size=32,
    cam_layer="top_activation",
    cut_layer="block5a_project_bn",
    reference="Tan & Le (2021)",
    pretrained="EfficientNetV2B0",
)
def efficientnet(inputs, hp, *, width=1.0, depth=1.0, pretrained=False):
    """Feature map (N, S/32, S/32, 1280). `width` scales the channels, `depth` the blocks of each stage."""
    drop_path = hp.Choice("drop_path", [0.0, DROP_PATH, 2 * DROP_PATH], default=DROP_PATH)
    if not pretrained:
        width *= hp.Choice("width_multiplier", [0.5, 1.0], default=1.0)
    normalisation = PAPERS if pretrained else PromptNormalization
    return _features(normalised(inputs), width, depth, drop_path, normalisation)


@efficientnet.published(
    image_size=224,
    batch_size=32,
    parameters=5_929_632,
    precision="mixed_float16",
    cam_layer="top_activation",
    minimum_size=32,
)
def published(inputs, classes, *, width=1.0, depth=1.0, second_rescaling=True, second_softmax=True):
    """Softmax outputs (N, classes). `width` scales the channels, `depth` the blocks of each stage.

    `second_rescaling` and `second_softmax` are what the study added; without one, its effect shows.
    """
    x = layers.Rescaling(1 / 255)(inputs) if second_rescaling else inputs
    x = layers.GlobalAveragePooling2D()(_features(normalised(x), width, depth, DROP_PATH, PAPERS))
    x = layers.Dense(classes, activation="softmax")(layers.Dropout(0.2)(x))
    return layers.Dense(classes, activation="softmax")(x) if second_softmax else x


def _features(x, width, depth, drop_path, normalisation):
    x = _convolved(x, _rounded(STEM_CHANNELS * width), 3, 2, "stem_", normalisation)
    repeats = [math.ceil(depth * blocks) for blocks, *_ in STAGES]
    number = 0
    for stage, (_, channels, expansion, stride, fused) in enumerate(STAGES):
        for block in range(repeats[stage]):
            rate = drop_path * number / sum(repeats)
            name = f"block{stage + 1}{chr(ord('a') + block)}_"
            strides = 1 if block else stride
            x = _bottleneck(x, _rounded(channels * width), expansion, strides, fused, rate, name, normalisation)
            number += 1
    return _convolved(x, _rounded(TOP_CHANNELS * width), 1, 1, "top_", normalisation)


def _rounded(channels):
    return max(8, int(channels + 4) // 8 * 8)


def _bottleneck(inputs, channels, expansion, stride, fused, drop_rate, name, normalisation):
    channels_in = inputs.shape[-1]
    x = inputs
    if fused and expansion == 1:
        x = _convolved(x, channels, 3, stride, f"{name}project_", normalisation)
    else:
        if fused:
            x = _convolved(x, expansion * channels_in, 3, stride, f"{name}expand_", normalisation)
        else:
            x = _convolved(x, expansion * channels_in, 1, 1, f"{name}expand_", normalisation)
            own = {"use_bias": False, "depthwise_initializer": _he(), "name": f"{name}dwconv2"}
            x = layers.DepthwiseConv2D(3, stride, "same", **own)(x)
            x = _activated(x, name, normalisation)
            x = _squeezed_and_excited(x, max(1, channels_in // 4), name)
        x = layers.Conv2D(channels, 1, use_bias=False, kernel_initializer=_he(), name=f"{name}project_conv")(x)
        x = normalisation(name=f"{name}project_bn")(x)
    if stride == 1 and channels_in == channels:
        if drop_rate:
            x = layers.Dropout(drop_rate, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
        x = layers.Add(name=f"{name}add")([x, inputs])
    return x


def _convolved(x, channels, side, stride, name, normalisation):
    own = {"use_bias": False, "kernel_initializer": _he(), "name": f"{name}conv"}
    return _activated(layers.Conv2D(channels, side, stride, "same", **own)(x), name, normalisation)


def _activated(x, name, normalisation):
    x = normalisation(name=f"{name}bn")(x)
    return layers.Activation("swish", name=f"{name}activation")(x)


def _squeezed_and_excited(x, channels, name):
    weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}se_squeeze")(x)
    for label, count, activation in (("reduce", channels, "swish"), ("expand", x.shape[-1], "sigmoid")):
        own = {"activation": activation, "kernel_initializer": _he(), "name": f"{name}se_{label}"}
        weights = layers.Conv2D(count, 1, **own)(weights)
    return layers.Multiply(name=f"{name}se_excite")([x, weights])


def _he():
    return VarianceScaling(2.0, "fan_out", "truncated_normal")
