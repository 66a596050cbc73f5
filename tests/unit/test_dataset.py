"""The fingerprint of a dataset."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow_operator.__main__ import main
from shadow_operator.api.dataset import found_in
from shadow_operator.cli.fingerprint import EXIT_MISMATCHED, EXIT_UNREADABLE
from shadow_operator.dataset import DatasetError, Format, fingerprint, format_of

names = st.text(alphabet="abcdef", min_size=1, max_size=6)
contents = st.dictionaries(names, st.binary(min_size=1, max_size=64), min_size=1, max_size=5)


def written(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).write_bytes(content)
        os.utime(root / name, (1_700_000_000, 1_700_000_000))
    return root


@settings(deadline=None, max_examples=50)
@given(contents, st.randoms())
def test_the_order_in_which_files_are_written_does_not_count(files: dict[str, bytes], random: object) -> None:
    shuffled = list(files.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        assert fingerprint(written(Path(one), files)) == fingerprint(written(Path(two), dict(shuffled)))


@settings(deadline=None, max_examples=50)
@given(contents, st.data())
def test_any_byte_of_a_small_file_counts(files: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    changed = bytearray(files[name])
    changed[place] ^= data.draw(st.integers(1, 255))
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        after = written(Path(two), files | {name: bytes(changed)})
        assert fingerprint(written(Path(one), files)) != fingerprint(after)


def test_the_format_is_the_one_that_is_documented(tmp_path: Path) -> None:
    # printf 'a\0f\0001\0001700000000\0<sha256 of x>\n' | sha256sum
    assert fingerprint(written(tmp_path, {"a": b"x"})) == (
        "sha256:v1:d3d7ddb42f488a9c21be53d69d5453204c08b4849bfe0ff5259b6f1884170a21"
    )


def test_times_count_unless_they_are_left_out(tmp_path: Path) -> None:
    written(tmp_path, {"a": b"x"})
    timed, timeless = fingerprint(tmp_path), fingerprint(tmp_path, Format.V1_TIMELESS)
    os.utime(tmp_path / "a", (1, 1))
    assert fingerprint(tmp_path) != timed
    assert fingerprint(tmp_path, Format.V1_TIMELESS) == timeless


@pytest.mark.parametrize(("place", "counts"), [(0, True), (5_500_000, True), (10_999_999, True), (2_000_000, False)])
def test_of_a_large_file_head_middle_and_tail_count(tmp_path: Path, place: int, counts: bool) -> None:  # noqa: FBT001 - the expected answer
    content = bytearray(11_000_000)
    before = fingerprint(written(tmp_path, {"a": bytes(content)}))
    content[place] = 1
    assert (fingerprint(written(tmp_path, {"a": bytes(content)})) != before) is counts


def test_an_empty_directory_counts_and_the_file_systems_own_does_not(tmp_path: Path) -> None:
    written(tmp_path, {"a": b"x"})
    before = fingerprint(tmp_path)
    (tmp_path / "lost+found").mkdir()
    assert fingerprint(tmp_path) == before
    (tmp_path / "empty").mkdir()
    assert fingerprint(tmp_path) != before


def test_a_link_counts_by_the_path_that_it_names(tmp_path: Path) -> None:
    written(tmp_path, {"a": b"x", "b": b"x"})
    (tmp_path / "link").symlink_to("a")
    before = fingerprint(tmp_path)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    assert fingerprint(tmp_path) != before


def test_what_can_not_be_vouched_for_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "data"
    inside.mkdir()
    (inside / "link").symlink_to("../elsewhere")
    with pytest.raises(DatasetError, match="outside of the dataset: put a copy there"):
        fingerprint(inside)
    (inside / "link").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inside / "s"))
        with pytest.raises(DatasetError, match="neither a file, a directory nor a link"):
            fingerprint(inside)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root reads what the mode forbids; nobody does not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_unreadable_file_is_refused() -> None:
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        (written(Path(directory), {"a": b"x"}) / "a").chmod(0)
        with without_privileges(), pytest.raises(DatasetError, match="can't be read"):
            fingerprint(Path(directory))


@pytest.mark.parametrize(
    "text", ["", "sha256:abc", "sha256:v1:" + "g" * 64, "md5:v1:" + "0" * 64, "sha256:v9:" + "0" * 64]
)
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fingerprint|release knows"):
        format_of(text)


@pytest.mark.parametrize(
    ("expected", "path", "options", "code"),
    [
        ("same", "", [], 0),
        ("other", "", [], EXIT_MISMATCHED),
        ("other", "", ["--allow-mismatch"], 0),
        ("same", "missing", [], EXIT_UNREADABLE),
    ],
)
def test_the_check_ends_by_what_it_found_and_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: str, path: str, options: list[str], code: int
) -> None:
    data, message = tmp_path / "data", tmp_path / "message"
    data.mkdir()
    right = fingerprint(written(data, {"a": b"x"}))
    wanted = right if expected == "same" else "sha256:v1:" + "0" * 64
    words = ["fingerprint", str(data / path), "--expect", wanted, "--message-to", str(message), *options]
    monkeypatch.setattr("sys.argv", ["shadow-operator", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    said = message.read_text(encoding="utf-8")
    assert found_in(said) == (right if path == "" else None)
    assert (", as expected" in said) is ((expected, path) == ("same", ""))
