"""What lesson 02 says of precision and recall, on real digits that were spoiled on purpose.

What the trained GANs reach is measured by `python -m benchmarks gan_images`.
"""

import pytest
import torch
from torch.nn import functional as F

from course_utils.data import load_images
from course_utils.gan import evaluator, measures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", params=[0, 1, 2])
def digits(request):
    """Shuffled small digits in [-1, 1], their labels, and a judge of them."""
    stored = load_images("mnist5k", size=16)
    dice = torch.Generator().manual_seed(request.param)
    order = torch.randperm(len(stored.train_x), generator=dice)
    pictures, labels = 2 * stored.train_x[order] - 1, stored.train_y[order]
    torch.manual_seed(request.param)
    referee = evaluator.new_judge(width=8)
    evaluator.trained_judge(referee, pictures, labels, 200, dice)
    evaluator.calibrate(referee, 2 * stored.test_x - 1, stored.test_y)
    seen = evaluator.verdict_on(referee, 2 * stored.test_x - 1)
    assert (seen.labels == stored.test_y).float().mean() > 0.9
    return pictures, labels, referee


def test_blur_is_seen_as_lost_precision_and_missing_classes_as_lost_recall(digits):
    pictures, labels, referee = digits

    def found(made):
        features = evaluator.judged_features(referee, made)
        return measures.coverage_measures(reference, features)

    reference = evaluator.judged_features(referee, pictures[:1000])
    others, their_labels = pictures[1000:], labels[1000:]
    same = found(others[:1000])
    half = found(others[their_labels < 5][:1000])
    blurred = found(F.avg_pool2d(others[:1000], 5, 1, 2, count_include_pad=False))
    lost = same.recall - half.recall, same.precision - blurred.precision
    print(f"recall lost {lost[0]:.2f}, precision lost {lost[1]:.2f}")
    assert half.precision > same.precision - 0.1 and half.recall < same.recall - 0.1
    assert blurred.precision < same.precision - 0.2
