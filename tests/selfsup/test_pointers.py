import inspect
import math

import pytest
import torch
from sklearn.cluster import KMeans

from course_utils.selfsup import pointers, tracking


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------------------- attention


def test_attention_equals_the_loop():
    reference = torch.randn(2, 5, 6, generator=generator(), dtype=torch.float64)
    target = torch.randn(2, 5, 4, generator=generator(1), dtype=torch.float64)
    attention = pointers.pointer_attention(reference, target, 0.7)
    for n in range(2):
        for j in range(4):
            powers = []
            for i in range(6):
                inner = sum(float(reference[n, d, i] * target[n, d, j]) for d in range(5))
                powers.append(math.exp(inner / 0.7))
            for i in range(6):
                assert attention[n, i, j].item() == pytest.approx(powers[i] / sum(powers))


def test_every_target_cell_spends_exactly_one():
    attention = pointers.pointer_attention(torch.randn(2, 8, 30), torch.randn(2, 8, 20))
    assert torch.allclose(attention.sum(dim=1), torch.ones(2, 20), atol=1e-6)


def test_huge_features_do_not_overflow_and_a_high_temperature_spreads():
    features = 100 * torch.randn(1, 8, 9, generator=generator())
    sharp = pointers.pointer_attention(features, features)
    assert torch.isfinite(sharp).all()
    flat = pointers.pointer_attention(features, features, 1e9)
    assert torch.allclose(flat, torch.full((1, 9, 9), 1 / 9), atol=1e-3)


def test_equal_features_copy_colours_exactly():
    features = 50 * torch.eye(6)[None]
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    colours = torch.randn(1, 2, 6)
    copied = pointers.copy_colours(
        pointers.pointer_attention(features, features[:, :, order]), colours
    )
    assert torch.allclose(copied, colours[:, :, order], atol=1e-5)


def test_copying_equals_the_loop_and_stays_between_the_colours():
    attention = torch.softmax(torch.randn(1, 5, 3, generator=generator()), dim=1)
    colours = torch.randn(1, 2, 5, generator=generator(1))
    copied = pointers.copy_colours(attention, colours)
    for j in range(3):
        for c in range(2):
            expected = sum(float(attention[0, i, j] * colours[0, c, i]) for i in range(5))
            assert copied[0, c, j].item() == pytest.approx(expected, abs=1e-6)
    assert copied.max() <= colours.max() and copied.min() >= colours.min()


def test_several_reference_frames_are_one_memory():
    frames = torch.randn(1, 2, 4, 3, 3)
    memory = pointers.flatten_cells(frames)
    assert torch.equal(memory[0, :, 9 + 4], frames[0, 1, :, 1, 1])
    target = torch.randn(1, 4, 9)
    joint = pointers.pointer_attention(memory, target)
    each = [pointers.pointer_attention(memory[:, :, 9 * k : 9 * k + 9], target) for k in range(2)]
    # within a frame the shares are those of that frame alone
    for k in range(2):
        part = joint[:, 9 * k : 9 * k + 9]
        assert torch.allclose(part / part.sum(dim=1, keepdim=True), each[k], atol=1e-6)


def test_window_holds_the_cells_around_and_no_others():
    allowed = pointers.window(4, 5, 1.0)
    assert allowed.shape == (20, 20)
    for target in range(20):
        near = {
            row * 5 + column
            for row in range(4)
            for column in range(5)
            if abs(row - target // 5) <= 1 and abs(column - target % 5) <= 1
        }
        assert set(allowed[:, target].nonzero()[:, 0].tolist()) == near


def test_attention_refuses_bad_input():
    plain = inspect.unwrap(pointers.pointer_attention)
    with pytest.raises(ValueError, match="equal n and features"):
        plain(torch.randn(1, 4, 6), torch.randn(1, 5, 6))
    with pytest.raises(ValueError, match="temperature"):
        plain(torch.randn(1, 4, 6), torch.randn(1, 4, 6), 0.0)
    with pytest.raises(ValueError, match="colours"):
        inspect.unwrap(pointers.copy_colours)(torch.ones(1, 6, 3), torch.ones(1, 2, 5))


# ------------------------------------------------------------------------------ palette


def test_kmeans_reaches_what_scikit_learn_reaches():
    points = torch.randn(600, 2, generator=generator()) + 6 * torch.tensor(
        [[0.0, 0], [1, 0], [0, 1], [2, 2]]
    ).repeat(150, 1)
    centres = pointers.kmeans(points, 4, generator=generator(3))
    ours = (torch.cdist(points, centres).amin(dim=1) ** 2).sum().item()
    theirs = KMeans(4, n_init=5, random_state=0).fit(points.numpy()).inertia_
    assert ours == pytest.approx(theirs, rel=0.02)


def test_kmeans_with_as_many_centres_as_points_finds_them_all():
    points = torch.tensor([[0.0, 0], [5, 0], [0, 7], [9, 9]])
    centres = pointers.kmeans(points, 4, generator=generator())
    assert torch.cdist(points, centres).amin(dim=1).max() < 1e-6
    with pytest.raises(ValueError, match="5 centres"):
        pointers.kmeans(points, 5)


def test_pointing_loss_is_the_surprise_of_the_copied_colour():
    copied = torch.tensor([[[0.5, 0.1], [0.25, 0.9], [0.25, 0.0]]])
    loss = pointers.pointing_loss(copied, torch.tensor([[1, 0]]))
    assert loss.item() == pytest.approx(-(math.log(0.25) + math.log(0.1)) / 2, rel=1e-5)
    absent = pointers.pointing_loss(copied, torch.tensor([[1, 2]]))
    assert torch.isfinite(absent)


def test_pointing_losses_train_only_on_grey_and_know_the_palette():
    torch.manual_seed(0)
    clips = torch.rand(2, 3, 3, 16, 16)
    palette = pointers.palette_of(clips.flatten(0, 1), 4, generator=generator())
    encoder = pointers.PointerEncoder(4, 8, stride=4).eval()
    values = pointers.pointing_losses(encoder, clips, palette)
    assert values["loss"] > 0 and 0 <= values["accuracy"] <= 1
    values["loss"].backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters())
    assert encoder(clips[:, 0]).shape == (2, 8, 4, 4)
    assert pointers.PointerEncoder(4, 8, stride=2)(clips[:, 0]).shape == (2, 8, 8, 8)
    lengths = encoder(clips[:, 0]).norm(dim=1)
    assert torch.allclose(lengths, torch.full_like(lengths, 20**0.5), atol=1e-4)
    with pytest.raises(ValueError, match="stride"):
        pointers.PointerEncoder(4, 8, stride=3)
    with pytest.raises(ValueError, match="two frames"):
        pointers.pointing_losses(encoder, clips[:, :1], palette)


def test_a_clip_that_stands_still_is_coloured_by_features_that_say_the_place():
    frame = torch.rand(1, 1, 3, 16, 16).expand(1, 2, 3, 16, 16)
    palette = pointers.palette_of(frame[0], 5, generator=generator())

    def places(frames):
        return 40 * torch.eye(64).view(1, 64, 8, 8).expand(len(frames), -1, -1, -1)

    values = pointers.pointing_losses(places, frame, palette)
    assert values["accuracy"] == 1 and values["loss"] < 1e-4


# ----------------------------------------------------------------------------- tracking


def moving_square(frames=6, side=12, square=4, speed=1):
    """A square of its own feature that moves right, and its masks."""
    masks = torch.zeros(frames, side, side, dtype=torch.bool)
    for t in range(frames):
        masks[t, 4 : 4 + square, speed * t : speed * t + square] = True
    features = 6 * torch.stack([masks.float(), 1 - masks.float()], dim=1)
    return features, masks


def test_perfect_features_carry_a_mask_perfectly_where_staying_fails():
    features, masks = moving_square()
    found = tracking.propagate_mask(features, masks[0])
    assert torch.equal(found, masks)
    first = tracking.one_hot_masks(masks[0], (12, 12))
    stayed = tracking.masks_from_maps(tracking.stay(first, 6), (12, 12))
    similarity = tracking.region_similarity(stayed, masks)
    # shifted by t columns, a square of 4 keeps 4 - t of 4 + t
    expected = torch.tensor([max(4 - t, 0) / min(4 + t, 8) for t in range(6)])
    assert torch.allclose(similarity, expected)


def test_labels_may_not_jump_over_the_window():
    features, masks = moving_square(frames=2, speed=6)
    near = tracking.TrackingSettings(memory=1, radius=1.0, top=3)
    far = tracking.TrackingSettings(memory=1, radius=None, top=3)
    assert tracking.region_similarity(
        tracking.propagate_mask(features, masks[0], far), masks
    ).tolist() == [1, 1]
    assert tracking.propagate_mask(features, masks[0], near)[1].sum() < 16


@pytest.mark.parametrize("radius", [None, 1.0])
def test_carrying_equals_building_the_whole_attention_frame_after_frame(radius):
    features = torch.randn(5, 8, 4, 5, generator=generator(), dtype=torch.float64)
    first = torch.rand(3, 4, 5, generator=generator(1), dtype=torch.float64)
    settings = tracking.TrackingSettings(memory=2, radius=radius, top=4, temperature=0.7)
    maps = [first]
    for t in range(1, 5):
        known = {1: [0], 2: [0, 1], 3: [0, 1, 2], 4: [0, 2, 3]}[t]
        near = torch.ones(20, 20, dtype=torch.bool)
        if radius is not None:
            near = pointers.window(4, 5, radius)
        everywhere = torch.ones_like(near)
        allowed = torch.cat([near if t - k <= 2 else everywhere for k in known])
        reference = pointers.flatten_cells(features[known][None])
        target = features[t].flatten(start_dim=1)[None]
        attention = pointers.pointer_attention(reference, target, 0.7) * allowed
        attention *= attention >= attention.topk(4, dim=1).values[:, -1:]  # the four largest
        attention /= attention.sum(dim=1, keepdim=True)
        colours = pointers.flatten_cells(torch.stack([maps[k] for k in known])[None])
        copied = pointers.copy_colours(attention, colours)
        maps.append(copied.view(3, 4, 5))
    assert torch.allclose(tracking.propagate(features, first, settings), torch.stack(maps))


def test_label_maps_stay_a_distribution():
    features = torch.randn(5, 8, 6, 6)
    first = torch.softmax(torch.randn(3, 6, 6), dim=0)
    maps = tracking.propagate(features, first)
    assert torch.allclose(maps.sum(dim=1), torch.ones(5, 6, 6), atol=1e-5)
    assert torch.equal(maps[0], first)
    for wrong in ({"memory": 0}, {"top": 0}, {"temperature": 0.0}):
        with pytest.raises(ValueError, match="at least 1"):
            tracking.propagate(features, first, tracking.TrackingSettings(**wrong))
    with pytest.raises(ValueError, match="one resolution"):
        inspect.unwrap(tracking.propagate)(features, first[:, :3])


def test_region_similarity_by_hand():
    one, two = torch.zeros(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    one[:2], two[1:3] = True, True
    assert tracking.region_similarity(one, two).item() == pytest.approx(4 / 12)
    assert tracking.region_similarity(one, one) == 1
    assert tracking.region_similarity(one, ~one) == 0
    empty = torch.zeros(2, 4, 4, dtype=torch.bool)
    assert tracking.region_similarity(empty, empty).tolist() == [1, 1]
    assert tracking.region_similarity(empty[0], one) == 0


def test_pck_by_hand():
    truth = torch.tensor([[0.0, 0], [10, 10], [20, 20], [30, 30]])
    found = truth + torch.tensor([[3.0, 4], [0, 5.1], [0, 0], [50, 0]])
    visible = torch.tensor([True, True, True, False])
    assert tracking.pck(found, truth, visible, 5.0) == pytest.approx(2 / 3)
    assert tracking.pck(found, truth, torch.ones(4, dtype=torch.bool), 5.0) == 0.5
    with pytest.raises(ValueError, match="visible"):
        tracking.pck(found, truth, torch.zeros(4, dtype=torch.bool), 5.0)


def test_points_come_back_from_their_heat():
    points = torch.tensor([[10.0, 22.0], [33.0, 7.5], [4.0, 4.0]])
    heat = tracking.heat_maps(points, (12, 16), stride=4.0)
    assert (tracking.points_from_heat(heat, 4.0) - points).abs().max() < 0.6
    corner = torch.zeros(1, 3, 3)
    corner[0, 0, 2] = 1
    assert tracking.points_from_heat(corner, 2.0).tolist() == [[5.0, 1.0]]
    assert torch.isfinite(tracking.points_from_heat(torch.zeros(2, 3, 3), 1.0)).all()


def test_points_are_carried_with_what_they_sit_on():
    texture = torch.randn(16, 12, 12, generator=generator())
    features = 3 * torch.stack([texture.roll(t, dims=2) for t in range(4)])
    start = torch.tensor([[4.5, 5.5], [6.5, 8.5]])
    found = tracking.propagate_points(features, start, 1.0)
    expected = start + torch.tensor([[1.0, 0.0]]) * torch.arange(4).view(4, 1, 1)
    assert (found - expected).abs().max() < 0.25
    visible = torch.ones(4, 2, dtype=torch.bool)
    assert tracking.pck(found, expected, visible, 0.5) == 1


def test_flow_to_the_first_frame_fetches_what_was_visible_there_and_nothing_else():
    _, masks = moving_square(frames=4)
    flow = torch.zeros(3, 2, 12, 12)
    flow[:, 0] = -torch.arange(1.0, 4.0).view(3, 1, 1)  # all of the world has moved right
    seen = torch.ones(3, 12, 12, dtype=torch.bool)
    for t in range(1, 4):
        seen[t - 1, :, :t] = False  # it came in at the left
    first = tracking.one_hot_masks(masks[0], (12, 12))
    fetched = tracking.fetch_by_flow(first, flow, seen)
    assert torch.equal(tracking.masks_from_maps(fetched, (12, 12)), masks)
    assert fetched[3, :, :, :3].abs().max() == 0
    fetched = tracking.fetch_by_flow(first, flow, torch.zeros_like(seen))
    assert fetched[1:].abs().max() == 0 and torch.equal(fetched[0], first)
    for wrong in (flow[:, :1], flow[..., :5]):
        with pytest.raises(ValueError, match="flow must be"):
            inspect.unwrap(tracking.fetch_by_flow)(first, wrong, seen)
    with pytest.raises(ValueError, match="visible"):
        inspect.unwrap(tracking.fetch_by_flow)(first, flow, seen[:2])
