"""Search for copies of images from pixels alone.

In: images, uint8 (H, W). Out: pairs of images with what relates them. `rigid` finds rotated and mirrored copies.
"""
