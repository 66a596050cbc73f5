"""hack/images.py: the tag of an image follows what it is made of."""

import importlib.util
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def images() -> ModuleType:
    specification = importlib.util.spec_from_file_location("images_program", ROOT / "hack" / "images.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "context" / "wheels").mkdir(parents=True)
    (tmp_path / "context" / "wheels" / "a.whl").write_text("a")
    (tmp_path / "Dockerfile").write_text("FROM x")
    return tmp_path / "context"


def digest(images: ModuleType, context: Path) -> str:
    image = images.Image("a", "shadow/a", context.parent / "Dockerfile", ())
    return str(images._digest(image, context))


def test_the_same_content_is_the_same_tag_whenever_it_was_written(images: ModuleType, context: Path) -> None:
    before = digest(images, context)
    os.utime(context / "wheels" / "a.whl", (0, 0))
    assert digest(images, context) == before


@pytest.mark.parametrize("name", ["context/wheels/a.whl", "context/wheels/b.whl", "Dockerfile"])
def test_whatever_changes_is_another_tag(images: ModuleType, context: Path, name: str) -> None:
    before = digest(images, context)
    (context.parent / name).write_text("changed")
    assert digest(images, context) != before


def test_a_renamed_file_is_another_tag(images: ModuleType, context: Path) -> None:
    before = digest(images, context)
    (context / "wheels" / "a.whl").rename(context / "wheels" / "c.whl")
    assert digest(images, context) != before


def test_what_the_images_are_made_of_is_there(images: ModuleType) -> None:
    for image in images.IMAGES:
        for path in (image.dockerfile, *image.locks, *image.packages):
            assert path.exists()


def test_wheels_are_those_of_the_images_c_library_on_this_machines_processor(
    images: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    tags = images._tags()
    assert "manylinux_2_28_aarch64" in tags
    assert all(tag.endswith("_aarch64") for tag in tags)
    assert "manylinux2010_aarch64" not in tags
