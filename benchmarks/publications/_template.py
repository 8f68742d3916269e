"""Functions of NAME, which publication.yaml names under `function`: examples of each kind.

Change the functions that the publication needs and delete the others; without any, delete this file.
"""

import cv2
import numpy as np
from keras import applications, layers


def cnn(inputs, classes, *, width=1.0):
    """Softmax outputs (N, classes) from prepared images (N, S, S, channels). `width` scales the channels.

    Keyword-only arguments are options, by which a study reduces the network. Their defaults are those of the
    publication, so that the number of parameters is the printed one.
    """
    x = inputs
    for channels in (32, 64):
        x = layers.Conv2D(max(4, round(width * channels)), 3, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return layers.Dense(classes, activation="softmax")(layers.Flatten()(x))


def vgg16_frozen(inputs, classes, *, weights=None):
    """One sigmoid output (N, 1), the probability of the second of two classes, from images (N, S, S, 3), S >= 32.

    `weights` is None, or the file of ImageNet weights without top, as keras.applications takes it.
    """
    base = applications.VGG16(include_top=False, weights=weights, input_tensor=inputs)
    base.trainable = False  # as the publication froze it
    x = layers.GlobalAveragePooling2D()(base.output)
    return layers.Dense(1, activation="sigmoid")(x)


def equalised(image):
    """Preprocessing from image to image, uint8 (S, S): enhance the contrast in 8 x 8 tiles (CLAHE)."""
    return cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(image)


def every_tenth(names, labels):
    """Split: positions of the files of each part, from lists of file names and labels in the publication's order."""
    position = np.arange(len(names))
    return {"train": position[position % 10 > 0], "test": position[position % 10 == 0]}
