import inspect
import math

import pytest
import torch

from course_utils.core import steps
from course_utils.core.encoders import settle_batch_statistics
from course_utils.data import toy
from course_utils.data.view_pairs import make_view_pairs
from course_utils.selfsup import dense, tracking


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_descriptors(n, points, d=5):
    first = torch.randn(n, points, d, generator=generator(), dtype=torch.float64)
    return first, torch.randn(n, points, d, generator=generator(1), dtype=torch.float64)


# ----------------------------------------------------------------------- reading the maps


def test_descriptors_at_centres_are_the_pixels_and_between_them_the_means():
    maps = torch.randn(2, 3, 4, 6, generator=generator())
    centres = dense.pixel_centres(4, 6)
    assert centres[0].tolist() == [0.5, 0.5] and centres[7].tolist() == [1.5, 1.5]
    found = dense.descriptors_at(maps, centres.expand(2, -1, -1))
    assert torch.allclose(found, maps.flatten(2).transpose(1, 2), atol=1e-5)
    between = dense.descriptors_at(maps, torch.tensor([[[2.0, 1.0]]]).expand(2, -1, -1))
    assert torch.allclose(between[:, 0], maps[:, :, :2, 1:3].mean(dim=(2, 3)), atol=1e-5)
    with pytest.raises(ValueError, match="do not fit"):
        inspect.unwrap(dense.descriptors_at)(maps, centres[None])


def test_network_gives_every_pixel_a_descriptor_of_length_one():
    torch.manual_seed(0)
    network = dense.DescriptorNet(4, 7)
    maps = network(torch.rand(2, 3, 24, 32))
    assert maps.shape == (2, 7, 24, 32)
    assert torch.allclose(maps.norm(dim=1), torch.ones(2, 24, 32), atol=1e-5)


def test_matches_are_drawn_where_allowed_and_looked_up():
    target = torch.randn(2, 2, 5, 6, generator=generator())
    allowed = torch.zeros(2, 5, 6, dtype=torch.bool)
    allowed[0, 1, 2] = allowed[0, 4, 0] = allowed[1, 3, 5] = True
    matches = dense.draw_matches(target, allowed, 40, generator(2))
    seen = [set(map(tuple, rows)) for rows in matches.first.tolist()]
    assert seen == [{(2.5, 1.5), (0.5, 4.5)}, {(5.5, 3.5)}]
    for n in range(2):
        for first, second in zip(matches.first[n], matches.second[n], strict=True):
            x, y = int(first[0]), int(first[1])
            assert torch.equal(second, target[n, :, y, x])
    with pytest.raises(ValueError, match="no pixel"):
        dense.draw_matches(target, allowed & False, 4, generator())


# -------------------------------------------------------------------------------- losses


def test_match_loss_equals_the_loop():
    first, second = random_descriptors(2, 3)
    total = 0.0
    for n in range(2):
        for p in range(3):
            total += math.dist(first[n, p].tolist(), second[n, p].tolist()) ** 2 / 6
    assert dense.match_loss(first, second).item() == pytest.approx(total, rel=1e-12)


def test_non_match_loss_equals_the_loop_and_counts_the_hard_ones():
    first, _ = random_descriptors(2, 3)
    wrong = torch.randn(2, 3, 4, 5, generator=generator(3), dtype=torch.float64)
    margin, total, hard = 3.0, 0.0, 0
    for n in range(2):
        for p in range(3):
            for q in range(4):
                distance = math.dist(first[n, p].tolist(), wrong[n, p, q].tolist())
                total += max(0.0, margin - distance) ** 2
                hard += distance < margin
    assert 0 < hard < 24  # both sorts occur
    scaled = dense.non_match_loss(first, wrong, margin)
    plain = dense.non_match_loss(first, wrong, margin, hard_only=False)
    assert scaled.item() == pytest.approx(total / hard, rel=1e-9)
    assert plain.item() == pytest.approx(total / 24, rel=1e-9)


def test_easy_non_matches_do_not_dilute_the_scaled_loss():
    first = torch.zeros(1, 1, 2, dtype=torch.float64)
    hard = torch.tensor([[[[0.3, 0.0]]]], dtype=torch.float64)
    easy = torch.tensor([[[[9.0, 0.0]]]], dtype=torch.float64).expand(1, 1, 99, 2)
    both = torch.cat([hard, easy], dim=2)
    alone, drowned = dense.non_match_loss(first, hard), dense.non_match_loss(first, both)
    assert drowned.item() == pytest.approx(alone.item()) == pytest.approx(0.04, rel=1e-6)
    assert dense.non_match_loss(first, both, hard_only=False).item() == pytest.approx(0.0004)
    assert dense.non_match_loss(first, easy) == 0


def test_margin_gradients_by_finite_differences_and_finite_where_equal():
    first, second = random_descriptors(1, 3)
    wrong = torch.randn(1, 3, 2, 5, generator=generator(4), dtype=torch.float64)
    inputs = tuple(x.requires_grad_() for x in (first, second, wrong))

    def loss(a, b, c):
        return dense.match_loss(a, b) + dense.non_match_loss(a, c, 2.5, hard_only=False)

    assert torch.autograd.gradcheck(loss, inputs)
    same = torch.ones(1, 1, 3, requires_grad=True)
    dense.non_match_loss(same, torch.ones(1, 1, 1, 3)).backward()
    assert torch.isfinite(same.grad).all()


def test_pixel_info_nce_equals_the_loop():
    first, second = random_descriptors(2, 4)
    apart = torch.rand(2, 4, 4, generator=generator(5)) < 0.6
    total = 0.0
    for n in range(2):
        for i in range(4):
            inner = [float(first[n, i] @ second[n, j]) / 0.5 for j in range(4)]
            others = [inner[j] for j in range(4) if j == i or bool(apart[n, i, j])]
            total += (math.log(sum(math.exp(x) for x in others)) - inner[i]) / 8
    loss = dense.pixel_info_nce(first, second, apart, 0.5)
    assert loss.item() == pytest.approx(total, rel=1e-12)
    nobody = torch.zeros(2, 4, 4, dtype=torch.bool)
    assert dense.pixel_info_nce(first, second, nobody).item() == pytest.approx(0)
    inputs = (first.requires_grad_(), second.requires_grad_())
    assert torch.autograd.gradcheck(lambda a, b: dense.pixel_info_nce(a, b, apart, 0.5), inputs)


def test_points_apart_are_measured():
    points = torch.tensor([[[0.0, 0], [3, 4], [3, 4.1]]])
    expected = [[False, False, True], [False, False, False], [True, False, False]]
    assert dense.far_apart(points, 5.0)[0].tolist() == expected


def test_losses_refuse_bad_numbers():
    first, second = random_descriptors(1, 2)
    with pytest.raises(ValueError, match="margin"):
        dense.non_match_loss(first, second[:, :, None], 0.0)
    with pytest.raises(ValueError, match="temperature"):
        dense.pixel_info_nce(first, second, torch.ones(1, 2, 2, dtype=torch.bool), -1.0)
    with pytest.raises(ValueError, match="spread"):
        dense.heat_map(first[0, 0].float(), torch.ones(5, 2, 2), 0.0)


# ------------------------------------------------------------------------- correspondence


def test_best_match_equals_the_search():
    maps = torch.randn(2, 4, 6, 7, generator=generator())
    asked = torch.randn(2, 5, 4, generator=generator(1))
    found = dense.best_match(asked, maps)
    for n in range(2):
        for p in range(5):
            best, where = math.inf, None
            for y in range(6):
                for x in range(7):
                    distance = math.dist(asked[n, p].tolist(), maps[n, :, y, x].tolist())
                    if distance < best:
                        best, where = distance, [x + 0.5, y + 0.5]
            assert found[n, p].tolist() == where


def test_heat_is_one_at_an_equal_descriptor_and_falls_as_a_gaussian():
    maps = torch.zeros(2, 3, 4)
    maps[0, 1, 2], maps[1, 0, 0] = 0.5, 0.3
    heat = dense.heat_map(torch.tensor([0.5, 0.0]), maps, 0.3)
    assert heat[1, 2] == 1 and heat.argmax() == 1 * 4 + 2
    assert heat[2, 2].item() == pytest.approx(math.exp(-0.25 / 0.09), rel=1e-5)
    assert heat[0, 0].item() == pytest.approx(math.exp(-0.34 / 0.09), rel=1e-5)


# ------------------------------------------------------------------------------ two views


def test_view_pairs_show_one_thing_twice():
    pairs = make_view_pairs(12, size=32, seed=4)
    assert pairs.first.shape == (12, 3, 32, 32) and not torch.equal(pairs.first, pairs.second)
    allowed = pairs.visible & pairs.on_object
    assert allowed.flatten(1).sum(1).min() > 10
    # a pixel of the object that can be seen goes to a pixel of the object, but for the rim
    matches = dense.draw_matches(pairs.target, allowed, 50, generator())
    there = pairs.on_object_second[:, None].float()
    share = (dense.descriptors_at(there, matches.second) > 0.3).float().mean()
    assert share > 0.95
    # a keypoint that can be seen lies on the object, or on its rim
    for view, mask in enumerate((pairs.on_object, pairs.on_object_second)):
        wide = torch.nn.functional.max_pool2d(mask[:, None].float(), 3, 1, 1)
        under = dense.descriptors_at(wide, pairs.keypoint[:, view])[..., 0]
        assert (under[pairs.keypoint_visible[:, view]] > 0.5).float().mean() > 0.95
    assert torch.equal(make_view_pairs(5, size=32, seed=4).second, pairs.second[:5])
    assert set(pairs[pairs.kind == 2].kind.tolist()) <= {2}
    with pytest.raises(ValueError, match="turn"):
        make_view_pairs(2, size=32, turn=-1.0)


def test_colours_of_matches_agree():
    """Seen from two sides a point keeps nearly its colour; any other does not."""
    pairs = make_view_pairs(12, size=32, seed=4)
    matches = dense.draw_matches(pairs.target, pairs.visible & pairs.on_object, 60, generator())
    first = dense.descriptors_at(pairs.first, matches.first)
    second = dense.descriptors_at(pairs.second, matches.second)
    shuffled = second[:, torch.randperm(60, generator=generator())]
    right = (first - second).norm(dim=-1).mean()
    assert right < 0.5 * (first - shuffled).norm(dim=-1).mean()


def margin_losses(network, pictures, matches, dice):
    """Equation 3: matches, and for each of them 16 pixels that lie more than 4 away from it."""
    before, after = network(torch.cat(pictures)).chunk(2)
    places = dense.pixel_centres(*after.shape[2:])
    far = torch.cdist(matches.second, places.expand(len(after), -1, -1)) > 4
    drawn = torch.multinomial(far.flatten(0, 1).float(), 16, replacement=True, generator=dice)
    first = dense.descriptors_at(before, matches.first)
    second = dense.descriptors_at(after, matches.second)
    others = dense.descriptors_at(after, places[drawn].view(len(after), -1, 2))
    others = others.unflatten(1, (first.shape[1], 16))
    return {"loss": dense.match_loss(first, second) + dense.non_match_loss(first, others)}


@pytest.mark.parametrize("form", ["margin", "info_nce"])
def test_a_few_steps_find_matches_that_random_features_miss(form):
    kinds = ("house", "duck")
    pairs = make_view_pairs(40, size=32, seed=1, kinds=kinds)
    unseen = make_view_pairs(20, size=32, seed=2, kinds=kinds)
    torch.manual_seed(0)
    network = dense.DescriptorNet(8, 8)
    settle_batch_statistics(network, pairs.first)
    dice = generator()

    def score():
        network.eval()
        allowed = unseen.visible & unseen.on_object
        matches = dense.draw_matches(unseen.target, allowed, 60, generator(7))
        with torch.no_grad():
            before, after = network(unseen.first), network(unseen.second)
        found = dense.best_match(dense.descriptors_at(before, matches.first), after)
        network.train()
        everything = torch.ones(found.shape[:2], dtype=torch.bool)
        return tracking.pck(found, matches.second, everything, 2.0)

    def losses(rows):
        batch = pairs[rows]
        allowed = batch.visible & batch.on_object
        matches = dense.draw_matches(batch.target, allowed, 64, dice)
        pictures = (batch.first, batch.second)
        if form == "info_nce":
            return dense.info_nce_losses(network, pictures, matches)
        return margin_losses(network, pictures, matches, dice)

    random = score()
    optimiser, schedule = steps.one_cycle([network], 60, rate=5e-3)
    step = steps.gradient_step(losses, optimiser, schedule)
    for _ in range(60):
        values = step(torch.randperm(40, generator=dice)[:8])
    trained = score()
    print(f"{form}: PCK at 2 px {random:.2f} -> {trained:.2f}, loss {values['loss']:.2f}")
    assert trained > 1.5 * random and trained > random + 0.1


def test_kinds_of_the_pairs_are_those_asked_for():
    pairs = make_view_pairs(20, size=32, seed=1, kinds=("house", "duck"))
    assert {toy.KINDS[k] for k in pairs.kind.tolist()} == {"house", "duck"}
