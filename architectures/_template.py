"""template: the name that readers see, then one sentence on the network (Author et al. 2026, arXiv:2601.00001)."""

from keras import layers

from architectures import architecture


@architecture(minimum_size=16, cam_layer="relu", reference="Author et al. (2026)")
def template(inputs, hp, *, filters=16):
    """Feature map (N, S/4, S/4, 2 filters). `filters`: channels of the first block, an option of a study."""
    size = hp.Choice("kernel_size", [3, 5])  # a hyperparameter, searched in every fold
    x = inputs
    for number in (1, 2):
        x = layers.Conv2D(number * filters, size, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)  # few images: moving averages must adapt within an epoch or two
        x = layers.ReLU(name="relu" if number == 2 else None)(x)  # the last ReLU is cam_layer
    return x
