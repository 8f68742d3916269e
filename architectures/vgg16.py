"""VGG16: thirteen 3 x 3 convolutions in five blocks (Simonyan & Zisserman 2015, arXiv:1409.1556).

Published (breast_cancer_cnn): no pretrained weights, no normalisation, Glorot initialisation, the flattened map
straight into the classifier; it collapsed to one class. Corrected: He-normal initialisation (He et al. 2015,
arXiv:1502.01852), batch normalisation after each convolution (Ioffe & Szegedy 2015, arXiv:1502.03167), no last pooling,
global average pooling. With ImageNet weights, it has the layers of keras.applications.VGG16 instead, without batch
normalisation and with the last pooling. Layer names are those of keras.applications.VGG16.

The corrected form used to collapse in trainings of few steps because the moving statistics of Keras' batch
normalisation lagged behind (see `_normalisation`), and because the last maximum pooling left large positive features:
the initial loss on phantoms (64 px, an eighth of the width) was 3.05, that of equal probabilities is ln 8 = 2.08.
"""

from keras import layers

from architectures import architecture
from architectures._normalisation import PromptNormalization

# Mean of ImageNet's blue, green, red in 0..255; the weights want the pixels centred, not scaled to unit variance.
IMAGENET_MEAN = (103.939, 116.779, 123.68)


@architecture(
    minimum_size=32,
    cam_layer="relu",
    cut_layer="block4_pool",
    reference="Simonyan & Zisserman (2015)",
    pretrained="VGG16",
)
def vgg16(inputs, hp, *, width=1.0, blocks=(2, 2, 3, 3, 3), pretrained=False):
    """Feature map (N, S/16, S/16, 512), pretrained (N, S/32, S/32, 512).

    `width` scales the channels, `blocks` counts the convolutions of each block.
    """
    x, normalise = inputs, True
    if pretrained:
        mean = [value / 255 for value in IMAGENET_MEAN]
        x, normalise = layers.Normalization(mean=mean, variance=[255**-2] * 3)(x), False
    else:
        width *= hp.Choice("width_multiplier", [0.5, 1.0], default=1.0)
    return _features(x, width, blocks, normalise, "he_normal")


@vgg16.published(
    image_size=224, batch_size=8, parameters=14_915_400, precision="mixed_float16", cam_layer="relu", minimum_size=32
)
def published(inputs, classes, *, width=1.0, blocks=(2, 2, 3, 3, 3), initializer="glorot_uniform"):
    """Softmax outputs (N, classes). `width` scales the channels, `blocks` counts the convolutions of each block."""
    x = _features(inputs, width, blocks, normalise=False, initializer=initializer)
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(x))


def _features(x, width, blocks, normalise, initializer):
    for block, depth in enumerate(blocks, start=1):
        channels = max(8, round(width * min(512, 32 * 2**block)))
        for number in range(1, depth + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(channels, 3, padding="same", kernel_initializer=initializer, name=name)(x)
            if normalise:
                x = PromptNormalization(name=f"{name}_bn")(x)
            last = (block, number) == (len(blocks), depth)
            x = layers.Activation("relu", name="relu" if last else f"{name}_relu")(x)
        if not (normalise and last):
            x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return x
