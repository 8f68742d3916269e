"""VGG16: thirteen 3 x 3 convolutions in five blocks (Simonyan & Zisserman 2015, arXiv:1409.1556).

Published (breast_cancer_cnn): no pretrained weights, no normalisation, Glorot initialisation, the flattened map
straight into the classifier; it collapsed to one class. Corrected: He-normal initialisation, batch normalisation unless
ImageNet weights are loaded, global average pooling. Layer names are those of keras.applications.VGG16.
"""

from keras import layers

from architectures import architecture

# Mean of ImageNet's blue, green, red in 0..255; the weights want the pixels centred, not scaled to unit variance.
IMAGENET_MEAN = (103.939, 116.779, 123.68)


@architecture(minimum_size=32, cam_layer="relu", reference="Simonyan & Zisserman (2015)", pretrained="VGG16")
def vgg16(inputs, hp, *, width=1.0, blocks=(2, 2, 3, 3, 3), pretrained=False):
    """Feature map (N, S/32, S/32, 512). `width` scales the channels, `blocks` counts the convolutions of each block."""
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
                x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
            last = (block, number) == (len(blocks), depth)
            x = layers.Activation("relu", name="relu" if last else f"{name}_relu")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return x
