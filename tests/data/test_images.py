"""load_images: every source, every bad input, and downloads that break off."""

import hashlib
import http.server
import io
import pickle
import tarfile
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.data import SOURCES, load_images

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, (60, 6, 5, 3)).astype(np.uint8)
Y = np.arange(60) % 3


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.fixture
def npz(tmp_path):
    return lambda **arrays: load_images(write(tmp_path / "a.npz", **arrays))


def every_picture(images):
    """All pictures as a set of bytes, to compare without order."""
    return {picture.numpy().tobytes() for picture in torch.cat([images.train_x, images.test_x])}


def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    images, stored = load_images("digits"), load_digits()
    assert images.train_x.shape[1:] == (1, 8, 8) and images.train_x.dtype == torch.float32
    assert images.train_y.dtype == torch.int64 and images.classes == tuple("0123456789")
    expected = {(picture / 16).astype(np.float32).tobytes() for picture in stored.images}
    assert every_picture(images) == expected
    assert len(images.train_y) + len(images.test_y) == 1797
    assert "training and" in repr(images) and len(repr(images)) < 200


def test_a_split_is_stratified_disjoint_and_by_seed():
    one, same, other = (load_images("digits", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.train_x, same.train_x) and torch.equal(one.test_y, same.test_y)
    assert not torch.equal(one.test_x, other.test_x)
    shares = one.test_y.bincount() / (one.test_y.bincount() + one.train_y.bincount())
    assert ((shares - 1 / 6).abs() < 0.01).all()
    train = {picture.numpy().tobytes() for picture in one.train_x}
    assert len(train & {picture.numpy().tobytes() for picture in one.test_x}) <= 3  # true doubles


def test_counts_are_drawn_evenly():
    images = load_images("digits", count=57, test_count=20)
    assert sorted(set(images.train_y.bincount().tolist())) == [5, 6]
    assert images.test_y.bincount().tolist() == [2] * 10
    assert len(load_images("digits", count=100).test_y) == 20
    with pytest.raises(ValueError, match=r"only 1,5\d\d such"):
        load_images("digits", count=1700)


def test_drawing_pictures_does_not_touch_the_global_generator():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    load_images("digits", count=50)
    assert torch.equal(torch.rand(2), expected)


def test_resampling_keeps_the_mean_and_the_range():
    plain, large = load_images("digits", count=50), load_images("digits", count=50, size=16)
    assert large.train_x.shape[1:] == (1, 16, 16)
    assert large.train_x.min() >= 0 and large.train_x.max() <= 1
    torch.testing.assert_close(large.train_x.mean(), plain.train_x.mean(), atol=0.01, rtol=0)


def test_shrinking_uses_every_pixel(tmp_path):
    """Stripes finer than the new pixels become their mean; picking single pixels would not."""
    stripes = np.zeros((12, 32, 32), np.uint8)
    stripes[:, :, ::4] = 255
    path = write(tmp_path / "stripes.npz", x=stripes, y=np.arange(12) % 2)
    inner = load_images(path, size=8).train_x[..., 1:-1]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.25), atol=0.01, rtol=0)


def test_mnist_is_mlxtends():
    images = load_images("mnist5k", count=500)
    assert images.train_x.shape == (500, 1, 28, 28)
    assert images.train_y.bincount().tolist() == [50] * 10
    assert images.train_x.max() == 1 and images.train_x.min() == 0
    assert 0.1 < images.train_x.mean() < 0.17  # known of MNIST: 0.1307


def test_the_toy_world_is_the_default():
    images = load_images(count=12, size=16, backdrop="studio")
    assert images.train_x.shape == (12, 3, 16, 16) and images.test_x.shape == (2, 3, 16, 16)
    assert len(images.classes) == 10 and "mushroom" in images.classes
    assert images.train_x.dtype == torch.float32
    again = load_images(count=12, size=16, backdrop="studio")
    assert torch.equal(images.train_x, again.train_x)
    other = load_images(count=12, size=16, backdrop="studio", seed=1)
    assert not torch.equal(images.train_x, other.train_x)
    with pytest.raises(ValueError):
        load_images(count=4, weather="rain")


def test_no_toy_picture_is_in_both_training_and_test():
    for seed in (0, 1):
        images = load_images(count=10, test_count=10, size=16, seed=seed)
        assert len(every_picture(images)) == 20


@pytest.mark.parametrize(
    "keys",
    [
        ("train_x", "train_y", "test_x", "test_y"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_an_npz_with_a_split_keeps_it(npz, keys):
    images = npz(
        **dict(zip(keys, (X[:48], Y[:48], X[48:], Y[48:]), strict=True)), classes=list("abc")
    )
    expected = torch.from_numpy(X).permute(0, 3, 1, 2).float() / 255
    assert torch.equal(images.train_x, expected[:48]) and torch.equal(images.test_x, expected[48:])
    assert images.train_y.tolist() == Y[:48].tolist() and images.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    "keys", [("x", "y"), ("images", "labels"), ("data", "targets"), ("X", "Y")]
)
def test_an_npz_without_a_split_gets_one(npz, keys):
    images = npz(**dict(zip(keys, (X, Y), strict=True)))
    assert images.test_y.bincount().tolist() == [3, 3, 3]
    assert images.train_y.bincount().tolist() == [17, 17, 17]
    assert len(every_picture(images)) == 60


@pytest.mark.parametrize(
    "pictures",
    [
        X,
        X.transpose(0, 3, 1, 2),
        X / 255.0,
        (X / 255.0).astype(np.float32).transpose(0, 3, 1, 2),
        X.astype(np.int64),
        X.astype(np.float64),
    ],
    ids=["HWC uint8", "CHW uint8", "HWC float", "CHW float32", "int64", "float to 255"],
)
def test_all_ways_to_store_pictures_are_the_same(npz, pictures):
    images = npz(train_x=pictures, train_y=Y, test_x=pictures[:6], test_y=Y[:6])
    expected = torch.from_numpy(X).permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(images.train_x, expected, atol=1e-6, rtol=0)


def test_grey_pictures_and_thin_ones(npz):
    assert npz(x=X[..., 0], y=Y).train_x.shape[1:] == (1, 6, 5)
    assert npz(x=X[..., :1], y=Y).train_x.shape[1:] == (1, 6, 5)
    assert npz(x=np.zeros((9, 3, 8, 3)), y=Y[:9]).train_x.shape[1:] == (3, 8, 3)
    assert npz(x=X[..., 0] > 9, y=Y).train_x.unique().tolist() == [0, 1]


def test_all_ways_to_store_labels(npz):
    names = np.array(["cat", "dog", "emu"])[Y]
    images = npz(x=X, y=names)
    assert images.classes == ("cat", "dog", "emu")
    for labels in (Y[:, None], np.eye(3)[Y], Y.astype(float), Y.astype(np.uint8)):
        other = npz(x=X, y=labels)
        assert torch.equal(other.train_y, images.train_y) and other.classes == ("0", "1", "2")
    assert npz(x=X, y=Y * 10 + 5).classes == ("5", "15", "25")
    split = {"train_x": X, "train_y": names, "test_x": X, "test_y": names}
    assert npz(**split, classes=["emu", "dog", "cat"]).train_y.tolist() == (2 - Y).tolist()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X}, "holds .'x'.; wanted"),
        ({"x": X, "y": Y[:9]}, "x holds 60 pictures, but there are 9 labels"),
        ({"x": X[:0], "y": Y[:0]}, "has shape"),
        ({"x": X[0], "y": Y[:1]}, "1 or 3 channels|labels"),
        ({"x": np.zeros((60, 6, 5, 4)), "y": Y}, "1 or 3 channels"),
        ({"x": np.full((60, 6, 5, 3), np.nan), "y": Y}, "NaN"),
        ({"x": X - 128.0, "y": Y}, "runs from"),
        ({"x": X * 300.0, "y": Y}, "runs from"),
        ({"x": np.array(["a"] * 60), "y": Y}, "not numbers"),
        ({"x": X, "y": Y + 0.5}, "whole numbers"),
        ({"x": X, "y": np.zeros((60, 3))}, "one-hot"),
        ({"x": X, "y": Y, "classes": ["a", "b"]}, "from 0 to 2, but there are 2 classes"),
        ({"x": X, "y": Y - 1, "classes": ["a", "b", "c"]}, "from -1"),
        ({"x": X, "y": np.array(["cat", "dog", "emu"])[Y], "classes": ["cat"]}, "not among"),
        ({"x": X, "y": np.arange(60)}, "single picture"),
        ({"train_x": X, "train_y": Y, "test_x": X[:, :3], "test_y": Y}, "differ in the shape"),
        ({"x": np.array([X[0], 3], dtype=object), "y": Y[:2]}, "Python objects"),
    ],
)
def test_a_bad_npz_is_told(npz, arrays, words):
    with pytest.raises(ValueError, match=words):
        npz(**arrays)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x93NUMPY", b"pictures"])
def test_a_damaged_npz_is_told(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz is no \.npz file, or is damaged"):
        load_images(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="there is no file"):
        load_images(tmp_path / "b.npz")


@pytest.fixture
def photos(tmp_path):
    """Two classes of six pictures each, with clutter that is to be left alone."""
    for label, name in enumerate(("ant", "bee")):
        (tmp_path / name).mkdir()
        for k in range(6):
            colour = (200 * label, 40 * k, 7)
            Image.new("RGB", (9, 6), colour).save(tmp_path / name / f"{k}.png")
    (tmp_path / "ant" / "notes.txt").write_text("not a picture")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    return tmp_path


def test_a_folder_of_class_folders(photos):
    images = load_images(photos)
    assert images.classes == ("ant", "bee") and images.train_x.shape == (10, 3, 6, 9)
    for x, y in zip(images.train_x, images.train_y, strict=True):
        assert x[0, 0, 0] == pytest.approx(200 / 255 * float(y))
        assert x[2].unique().tolist() == pytest.approx([7 / 255])
    assert load_images(str(photos), size=4).train_x.shape[1:] == (3, 4, 4)


def test_a_folder_with_its_own_split(photos):
    for part in ("train", "test"):
        (photos / "set" / part).mkdir(parents=True)
        for name in ("ant", "bee"):
            (photos / "set" / part / name).mkdir()
            for k in range(3 if part == "train" else 1):
                Image.new("RGB", (5, 5), (k, 0, 0)).save(photos / "set" / part / name / f"{k}.jpg")
    images = load_images(photos / "set")
    assert images.train_y.tolist() == [0, 0, 0, 1, 1, 1] and images.test_y.tolist() == [0, 1]
    (photos / "set" / "test" / "bee").rename(photos / "set" / "test" / "cow")
    with pytest.raises(ValueError, match="other classes"):
        load_images(photos / "set")


def test_odd_pictures_in_a_folder(photos):
    grey = Image.new("L", (9, 6), 50)
    grey.save(photos / "ant" / "grey.png")
    Image.new("RGBA", (9, 6), (1, 2, 3, 0)).save(photos / "ant" / "clear.png")
    turned = Image.new("RGB", (6, 9), (9, 9, 9))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    turned.save(photos / "bee" / "turned.jpg", exif=exif)
    assert load_images(photos).train_x.shape[1:] == (3, 6, 9)


def test_bad_folders_are_told(photos):
    Image.new("RGB", (20, 20)).save(photos / "bee" / "large.png")
    with pytest.raises(ValueError, match="2 different sizes; say size="):
        load_images(photos)
    (photos / "bee" / "large.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"large\.png cannot be read"):
        load_images(photos)
    (photos / "bee" / "large.png").unlink()
    (photos / "cow").mkdir()
    with pytest.raises(ValueError, match="holds no pictures"):
        load_images(photos)
    (photos / "empty").mkdir()
    with pytest.raises(ValueError, match="holds 0 folders"):
        load_images(photos / "empty")


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("imagenet", {}, "no source 'imagenet'. Choose one of 'toy', 'cifar10'"),
        ("", {}, "single picture|holds|no source"),
        ("digits", {"count": 0}, "count must be at least 1"),
        ("digits", {"size": -3}, "size must be at least 1"),
        ("digits", {"backdrop": "studio"}, "takes no option"),
    ],
)
def test_bad_requests_are_told(source, options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words):
        load_images(source, **options)


def test_every_named_source_is_described():
    assert set(SOURCES) == {"toy", "cifar10", "digits", "mnist5k"}


class Cifar:
    """A tiny CIFAR-10 in its real format, served from this machine."""

    def __init__(self):
        self.files, self.answer, self.asked = {}, None, 0
        for part in range(6):
            rows = RANDOM.integers(0, 256, (20, 3072)).astype(np.uint8)
            name = f"data_batch_{part + 1}" if part < 5 else "test_batch"
            self.files[name] = {"data": rows, "labels": [k % 10 for k in range(20)]}
        self.files["batches.meta"] = {"label_names": [f"class{k}" for k in range(10)]}
        self.pickled = {name: pickle.dumps(entry) for name, entry in self.files.items()}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, data in self.pickled.items():
                info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        self.archive = self.answer = buffer.getvalue()

    def sum_of(self, name):
        return hashlib.md5(self.pickled[name]).hexdigest()


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10

    served = Cifar()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.end_headers()

        def do_GET(self):
            served.asked += 1
            self.send_response(200 if served.answer else 503)
            self.send_header("Content-Length", str(len(served.archive)))
            self.end_headers()
            self.wfile.write(served.answer)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{server.server_port}/cifar.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(served.archive).hexdigest())
    names = [f"data_batch_{k}" for k in range(1, 6)]
    monkeypatch.setattr(CIFAR10, "train_list", [[name, served.sum_of(name)] for name in names])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", served.sum_of("test_batch")]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": served.sum_of("batches.meta")}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    served.folder = tmp_path / "cache" / "cifar10"
    yield served
    server.shutdown()
    server.server_close()


def test_cifar_is_downloaded_once(cifar, capsys):
    images = load_images("cifar10")
    expected = np.concatenate([cifar.files[f"data_batch_{k}"]["data"] for k in range(1, 6)])
    np.testing.assert_allclose(images.train_x.numpy().reshape(100, -1) * 255, expected, atol=1e-3)
    assert images.test_x.shape == (20, 3, 32, 32) and images.classes[3] == "class3"
    assert "Downloading CIFAR-10" in capsys.readouterr().err
    cifar.answer = None
    load_images("cifar10", count=30)
    assert [entry.name for entry in cifar.folder.iterdir()] == ["cifar-10-batches-py"]


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_a_download_that_breaks_off_leaves_nothing(cifar, kept):
    cifar.answer = cifar.archive[:kept]
    with pytest.raises(ConnectionError, match="Nothing was kept") as told:
        load_images("cifar10")
    for other in ("'toy'", "'digits'", "'mnist5k'", "folder", ".npz", str(cifar.folder)):
        assert other in str(told.value)
    assert list(cifar.folder.iterdir()) == []
    cifar.answer = cifar.archive
    assert len(load_images("cifar10").train_y) == 100


def test_a_spoilt_cache_is_replaced(cifar):
    load_images("cifar10")
    before = cifar.asked
    (cifar.folder / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"spoilt")
    assert len(load_images("cifar10").train_y) == 100
    assert cifar.asked > before


def test_an_archive_put_there_by_hand_is_used(cifar):
    cifar.folder.mkdir(parents=True)
    (cifar.folder / "cifar-10-python.tar.gz").write_bytes(cifar.archive)
    assert len(load_images("cifar10").train_y) == 100
    assert cifar.asked == 0
