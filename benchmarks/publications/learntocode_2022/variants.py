"""Networks of the two-class study: images (N, S, S, 3) to one sigmoid output (N, 1).

`weights` is None, or the file of ImageNet weights without top, as keras.applications takes it.
"""

from keras import applications, layers


def cnn(inputs, classes, *, width=1.0):
    """Three convolutions; ReLU is ours. `width` scales the channels and the dense layer."""
    x = inputs
    for channels in (32, 32, 64):
        x = layers.Conv2D(max(4, round(width * channels)), 3, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(max(4, round(width * 64)), activation="relu")(layers.Flatten()(x))
    return layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x))


def vgg16_frozen(inputs, classes, *, weights=None):
    """VGG16, not trained, and a dense layer that is; Flatten and ReLU are ours."""
    base = _vgg16(inputs, weights)
    base.trainable = False
    x = layers.Dense(512, activation="relu")(layers.Flatten()(base.output))
    return layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(layers.BatchNormalization()(x)))


def vgg16(inputs, classes, *, weights=None):
    """VGG16, of which blocks 4 and 5 are trained."""
    base = _vgg16(inputs, weights)
    for layer in base.layers:
        layer.trainable = layer.name.startswith(("block4", "block5"))
    x = layers.BatchNormalization()(layers.GlobalAveragePooling2D()(base.output))
    return layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x))


def resnet50(inputs, classes, *, weights=None):
    """ResNet50, of which all layers are trained: the code sets `training`, not `trainable`."""
    base = applications.ResNet50(include_top=False, weights=weights, input_tensor=inputs)
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(base.output))
    return layers.Dense(1, activation="sigmoid")(x)


def _vgg16(inputs, weights):
    return applications.VGG16(include_top=False, weights=weights, input_tensor=inputs)
