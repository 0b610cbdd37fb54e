"""Volume rendering: against closed forms, loops in float64, and its order of convergence."""

import math

import pytest
import torch

from course_utils.vision3d import cameras
from course_utils.vision3d.fields import compositing, ray_sampling
from course_utils.vision3d.fields import volume_rendering as volume
from course_utils.vision3d.fields.media import Fog, exponential_fog, slab, uniform_fog

DOUBLE = torch.float64
NEAR, FAR = 0.5, 4.0
LINEAR = Fog("linear", lambda t: 0.4 * t, lambda t: 0.2 * t**2)
FOGS = (uniform_fog(0.7), slab(1.5, 1.0, 2.5), LINEAR, exponential_fog(2.0, 0.8))


def along_x(fog: Fog):
    """A field whose density depends on the distance from the origin along x; colours by place."""

    def field(points, directions):
        density = fog.density(points[..., 0])
        return density, torch.ones_like(points)

    return field


def one_ray():
    return torch.zeros(1, 3, dtype=DOUBLE), torch.tensor([[1.0, 0.0, 0.0]], dtype=DOUBLE)


def edges(bins: int) -> torch.Tensor:
    return ray_sampling.regular_edges(NEAR, FAR, bins, torch.zeros((), dtype=DOUBLE))


def seen(fog: Fog, bins: int, distances=None) -> volume.Rendered:
    return volume.render_rays(along_x(fog), *one_ray(), edges(bins), distances)


# ------------------------------------------------------------------ closed forms


@pytest.mark.parametrize("fog", FOGS, ids=lambda fog: fog.name)
def test_optical_depth_is_the_integral_of_the_density(fog):
    t = torch.linspace(0, FAR, 400_001, dtype=DOUBLE)
    middles = (t[1:] + t[:-1]) / 2
    total = (fog.density(middles) * t.diff()).sum()
    assert fog.optical_depth(t[-1]).item() == pytest.approx(total.item(), rel=1e-5)
    assert fog.optical_depth(t[0]).item() == 0


def test_uniform_fog_is_exact_with_any_number_of_bins():
    fog = uniform_fog(0.7)
    truth = 1 - math.exp(-0.7 * (FAR - NEAR))
    for bins in (1, 2, 7, 64):
        assert seen(fog, bins).opacity.item() == pytest.approx(truth, rel=1e-12)


def test_a_slab_is_exact_when_its_faces_are_edges():
    # Edges at 0.5, 1.0, 1.5 ... 4.0: both faces of the slab are among them.
    result = seen(slab(1.5, 1.0, 2.5), 7)
    assert result.opacity.item() == pytest.approx(1 - math.exp(-1.5 * 1.5), rel=1e-12)


def errors(fog: Fog, bins: list[int]) -> list[float]:
    truth = fog.opacity(NEAR, FAR, torch.zeros((), dtype=DOUBLE)).item()
    return [abs(seen(fog, n).opacity.item() - truth) for n in bins]


def test_smooth_fog_converges_with_order_two():
    coarse, middle, fine = errors(exponential_fog(2.0, 0.8), [16, 32, 64])
    assert math.log2(coarse / middle) == pytest.approx(2, abs=0.05)
    assert math.log2(middle / fine) == pytest.approx(2, abs=0.02)


def test_linear_fog_is_exact_from_the_middles():
    # The middle rule integrates a straight line without error, so tau and 1 - exp(-tau) are exact.
    assert max(errors(LINEAR, [1, 5, 32])) < 1e-14


def test_a_slab_off_the_edges_converges_with_order_one_at_best():
    fog = slab(1.5, 1.013, 2.507)
    bins = [20 * 2**k for k in range(8)]
    worst = [max(errors(fog, [n, n + 1, n + 3])) for n in bins]
    order = math.log2(worst[0] / worst[-1]) / 7
    assert 0.7 < order < 1.3


def test_colour_that_changes_with_distance_by_parts():
    # int_0^L s exp(-s t) t dt = (1 - exp(-s L)(1 + s L)) / s
    s, length = 0.9, 3.0
    truth = (1 - math.exp(-s * length) * (1 + s * length)) / s

    def field(points, directions):
        return torch.full_like(points[..., 0], s), points[..., :1]

    found = []
    for bins in (50, 100, 200):
        ray = ray_sampling.regular_edges(0.0, length, bins, torch.zeros((), dtype=DOUBLE))
        found.append(abs(volume.render_rays(field, *one_ray(), ray).colour.item() - truth))
    assert math.log2(found[0] / found[1]) == pytest.approx(2, abs=0.05)
    assert found[2] < 1e-4


def test_stratified_is_unbiased_in_optical_depth_and_regular_repeats_its_error():
    fog, bins, draws = exponential_fog(2.0, 0.8), 4, 20_000
    g = torch.Generator().manual_seed(0)
    t = ray_sampling.stratified_distances(edges(bins), (draws,), g)
    tau = (fog.density(t) * ray_sampling.bin_lengths(edges(bins))).sum(-1)
    ends = fog.optical_depth(torch.tensor([NEAR, FAR], dtype=DOUBLE))
    truth = (ends[1] - ends[0]).item()
    error = tau.std().item() / math.sqrt(draws)
    assert abs(tau.mean().item() - truth) < 4 * error
    middles = ray_sampling.bin_middles(edges(bins))
    regular = (fog.density(middles) * ray_sampling.bin_lengths(edges(bins))).sum().item()
    assert abs(regular - truth) > 10 * error


def test_rendering_equals_a_loop_over_rays_and_samples():
    g = torch.Generator().manual_seed(3)
    density = torch.rand(5, 9, generator=g, dtype=DOUBLE) * 3
    colour = torch.rand(5, 9, 3, generator=g, dtype=DOUBLE)
    cuts = torch.rand(5, 10, generator=g, dtype=DOUBLE).cumsum(-1)
    distances = ray_sampling.bin_middles(cuts)
    result = volume.render_from_samples(density, colour, distances, ray_sampling.bin_lengths(cuts))
    for ray in range(5):
        light, total, far = torch.zeros(3, dtype=DOUBLE), 0.0, 0.0
        left = 1.0
        for i in range(9):
            stopped = 1 - math.exp(-density[ray, i].item() * (cuts[ray, i + 1] - cuts[ray, i]))
            light += left * stopped * colour[ray, i]
            total += left * stopped
            far += left * stopped * distances[ray, i].item()
            left *= 1 - stopped
        torch.testing.assert_close(result.colour[ray], light, rtol=1e-12, atol=1e-12)
        assert result.opacity[ray].item() == pytest.approx(total, rel=1e-12)
        assert result.distance[ray].item() == pytest.approx(far / total, rel=1e-12)


def test_gradients_of_the_quadrature_by_finite_differences():
    g = torch.Generator().manual_seed(4)
    density = torch.rand(2, 4, generator=g, dtype=DOUBLE).requires_grad_()
    colour = torch.rand(2, 4, 3, generator=g, dtype=DOUBLE).requires_grad_()
    cuts = torch.rand(2, 5, generator=g, dtype=DOUBLE).cumsum(-1)

    def light(sigma, c):
        middles = ray_sampling.bin_middles(cuts)
        return volume.render_from_samples(sigma, c, middles, ray_sampling.bin_lengths(cuts))[:3]

    assert torch.autograd.gradcheck(light, (density, colour))


# ------------------------------------------------------------------ where to look


def test_edges_and_middles_by_hand():
    cut = ray_sampling.regular_edges(1.0, 3.0, 4)
    assert cut.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert ray_sampling.bin_middles(cut).tolist() == [1.25, 1.75, 2.25, 2.75]
    assert ray_sampling.bin_lengths(cut).tolist() == [0.5] * 4


def test_edges_around_cover_the_ray_once():
    around = ray_sampling.edges_around(torch.tensor([[1.0, 2.0, 2.0, 3.5]]), 0.5, 4.0)
    assert around.tolist() == [[0.5, 1.5, 2.0, 2.75, 4.0]]
    assert ray_sampling.bin_lengths(around).sum().item() == pytest.approx(3.5)


def test_stratified_distances_stay_in_their_bins_and_fill_them_evenly():
    g = torch.Generator().manual_seed(0)
    cut = edges(5)
    t = ray_sampling.stratified_distances(cut, (4000,), g)
    share = (t - cut[:-1]) / ray_sampling.bin_lengths(cut)
    assert bool(((share >= 0) & (share < 1)).all())
    counts = torch.histc(share[:, 2], bins=10, min=0, max=1)
    chi = ((counts - 400) ** 2 / 400).sum().item()
    assert chi < 27.9  # 99.9 % of a chi-squared with 9 degrees of freedom


def test_sample_pdf_draws_from_the_distribution_it_is_given():
    weights = torch.tensor([[0.1, 0.0, 0.5, 0.2, 0.05]], dtype=DOUBLE)
    cut = torch.tensor([0.0, 0.5, 1.0, 1.2, 2.0, 4.0], dtype=DOUBLE)
    g = torch.Generator().manual_seed(1)
    # Many rays of one sample each: independent draws.
    drawn = ray_sampling.sample_pdf(cut, weights.expand(40_000, 5), 1, g).flatten()
    share = weights[0] / weights.sum()
    for bin_index in range(5):
        low, high = cut[bin_index].item(), cut[bin_index + 1].item()
        inside = (drawn >= low) & (drawn < high)
        p = share[bin_index].item()
        assert abs(inside.double().mean().item() - p) <= 4 * math.sqrt(p * (1 - p) / 40_000)
        if p > 0.01:  # and evenly within the bin
            place = ((drawn[inside] - low) / (high - low)).mean().item()
            assert abs(place - 0.5) < 4 / math.sqrt(12 * int(inside.sum()))


def test_sample_pdf_is_sorted_stratified_and_carries_no_gradient():
    weights = torch.rand(30, 6, dtype=DOUBLE, generator=torch.Generator().manual_seed(2))
    weights.requires_grad_()
    t = ray_sampling.sample_pdf(edges(6), weights, 16, torch.Generator().manual_seed(3))
    assert not t.requires_grad
    assert bool((t.diff(dim=-1) >= 0).all())
    # Stratified: the share of samples before an edge is the distribution function, to 1 / 16.
    mass = weights.detach() / weights.detach().sum(-1, keepdim=True)
    for k in range(1, 6):
        before = (t < edges(6)[k]).double().mean(-1)
        assert bool(((before - mass[:, :k].sum(-1)).abs() <= 1 / 16 + 1e-9).all())


def test_a_ray_through_nothing_is_sampled_evenly():
    g = torch.Generator().manual_seed(0)
    t = ray_sampling.sample_pdf(edges(6), torch.zeros(1, 6, dtype=DOUBLE), 350, g)
    assert t.min().item() < NEAR + 0.02 and t.max().item() > FAR - 0.02
    assert t.mean().item() == pytest.approx((NEAR + FAR) / 2, abs=0.02)


def test_the_second_look_finds_a_thin_wall():
    fog = slab(60.0, 2.0, 2.1)
    truth = fog.opacity(NEAR, FAR, torch.zeros((), dtype=DOUBLE)).item()
    field = along_x(fog)
    rays = [x.expand(200, 3) for x in one_ray()]
    g = torch.Generator().manual_seed(0)
    first, second = volume.render_hierarchical(field, field, *rays, edges(24), 24, g)
    error = [(look.opacity - truth).abs().mean().item() for look in (first, second)]
    hit = first.opacity > 0.01  # where the first look met the wall at all
    wall = [(look.distance[hit] - 2.02).abs().mean().item() for look in (first, second)]
    print(f"error of opacity {error[0]:.3f} -> {error[1]:.3f}, of distance {wall}")
    assert wall[1] < 0.6 * wall[0]


# ------------------------------------------------------------------ rays and pictures


def test_a_ball_of_fog_has_its_chords():
    """The optical depth of a uniform ball is its density times the chord."""
    radius, s = 1.0, 0.8
    camera = cameras.orbit_camera(0.3, 0.2, 4.0, size=24).to(DOUBLE)
    cut = ray_sampling.regular_edges(2.5, 5.5, 3000, camera.centre)

    def ball(points, directions):
        inside = (points.norm(dim=-1) < radius).to(points.dtype)
        return s * inside, torch.ones_like(points)

    rows = torch.cat([look.opacity for _, look in volume.render_rows(ball, camera, cut, 5)])
    uv = cameras.pixel_centres(camera)
    o, d = cameras.pixels_to_rays(camera, uv.flatten(0, 1))
    along = (o * d).sum(-1)
    half = (radius**2 - (o * o).sum(-1) + along**2).clamp_min(0).sqrt()
    truth = 1 - torch.exp(-s * 2 * half).view(24, 24)
    torch.testing.assert_close(rows, truth, atol=2e-3, rtol=0)


def test_strips_cover_the_picture_once_and_in_order():
    camera = cameras.orbit_camera(0.0, 0.0, 3.0, size=(10, 6))

    def field(points, directions):
        return torch.ones_like(points[..., 0]), directions

    cut = ray_sampling.regular_edges(1.0, 2.0, 3)
    strips = [strip for strip, _ in volume.render_rows(field, camera, cut, 4)]
    assert strips == [slice(0, 4), slice(4, 8), slice(8, 10)]


def test_view_direction_reaches_the_field():
    camera = cameras.orbit_camera(0.4, 0.3, 3.0, size=5)
    cut = ray_sampling.regular_edges(1.0, 2.0, 4)

    def mirror(points, directions):
        return torch.full_like(points[..., 0], 1e3), directions

    picture = torch.cat([look.colour for _, look in volume.render_rows(mirror, camera, cut)])
    torch.testing.assert_close(picture[2, 2], camera.forward, atol=1e-5, rtol=0)


def test_density_twice_as_high_on_a_unit_twice_as_long_is_the_same_fog():
    density = torch.rand(3, 8, dtype=DOUBLE, generator=torch.Generator().manual_seed(5))
    lengths = torch.full((8,), 0.3, dtype=DOUBLE)
    a = compositing.alpha_from_density(density, lengths)
    b = compositing.alpha_from_density(density / 2, 2 * lengths)
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ray_sampling.regular_edges(2.0, 1.0, 4), "near < far"),
        (lambda: ray_sampling.regular_edges(0.0, 1.0, 0), "at least one bin"),
        (lambda: ray_sampling.edges_around(torch.tensor([2.0, 1.0]), 0.0, 3.0), "sorted"),
        (lambda: ray_sampling.edges_around(torch.tensor([1.0, 9.0]), 0.0, 3.0), "between near"),
        (lambda: ray_sampling.sample_pdf(torch.arange(3.0), torch.ones(2), 0), "at least one"),
        (lambda: ray_sampling.sample_pdf(torch.arange(4.0), torch.ones(2), 1), "3 edges"),
        (lambda: ray_sampling.sample_pdf(torch.arange(3.0), -torch.ones(2), 1), "negative"),
        (lambda: uniform_fog(-1.0), "negative"),
        (lambda: slab(1.0, 2.0, 1.0), "begin < end"),
        (lambda: exponential_fog(1.0, 0.0), "positive"),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_directions_that_are_not_unit_vectors_are_refused():
    o, d = one_ray()
    with pytest.raises(ValueError, match="length one"):
        volume.render_rays(along_x(uniform_fog(1.0)), o, 2 * d, edges(4))
    with pytest.raises(ValueError, match="one distance each"):
        volume.render_rays(along_x(uniform_fog(1.0)), o, d, edges(4), torch.ones(3, dtype=DOUBLE))
