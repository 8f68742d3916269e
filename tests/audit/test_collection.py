"""What the audit reads beyond a study's data: images of a detection set without boxes."""

import json

from PIL import Image
from textures import texture

from analysis.audit.collection import collect


def test_images_of_a_detection_set_without_boxes_are_audited(tmp_path):
    for number in range(3):
        Image.fromarray(texture(number)).save(tmp_path / f"{number}.png")
    size = {"width": 128, "height": 128}
    boxes = [{"image_id": number, "category_id": number, "bbox": [10, 10, 20, 20]} for number in range(2)]
    marked = {
        "images": [{"id": number, "file_name": f"{number}.png", **size} for number in range(3)],
        "annotations": [{"id": number, **box} for number, box in enumerate(boxes)],
        "categories": [{"id": 0, "name": "benign"}, {"id": 1, "name": "malignant"}],
    }
    (tmp_path / "_annotations.coco.json").write_text(json.dumps(marked))
    samples = collect([tmp_path]).samples
    assert samples["label"].tolist() == ["benign", "malignant", "no box"]
