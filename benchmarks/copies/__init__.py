"""Search for copies of images from pixels alone.

In: images, uint8 (H, W). Out: pairs of images with what relates them (`pairs`), and groups of copies (`groups`).
`rigid` finds rotated and mirrored copies; `warped` those that were cropped, zoomed, shifted or sheared.
"""
