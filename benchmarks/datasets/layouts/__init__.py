"""Layouts in which people keep images: class and split folders, manifests, COCO, YOLO, MedMNIST.

In: the files of a folder or zip (`_files`). Out: a table of images with label, part, boxes and what else is known, and
notes on what was skipped or assumed. `image_folder` chooses the reader.
"""
