r"""The fingerprint of a dataset: one text that changes when the data does.

Format `v1`, as in `sha256:v1:<64 hexadecimal digits>`: SHA-256 over one record an entry, sorted by bytes,

    path \0 kind \0 size \0 seconds \0 digest \n

where `path` is relative to the dataset, with `/` between its parts, and `.` for a dataset that is a single file.

| kind | entry | size | seconds | digest: SHA-256 of |
|---|---|---|---|---|
| `f` | a file | in bytes | modification time since 1970, rounded down | its content samples |
| `l` | a symbolic link, which is not followed | 0 | 0 | the path that it names |
| `d` | a directory without entries | 0 | 0 | nothing |

The content samples of a file under 10 MB (10,000,000 bytes) are all of it; of a larger one its first MiB, the MiB that
begins at half its size less half a MiB (rounded down), and its last MiB. In format `v1-timeless` the seconds are always
0: it is for data that is copied to where it is mounted by something that does not keep times. Fractions of a second
survive few copies, so no format counts them. `lost+found` at the top belongs to the file system and not to the data.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

_WHOLE_BELOW = 10_000_000
_BLOCK = 1 << 20
_OF_THE_FILE_SYSTEM = "lost+found"


class Format(StrEnum):
    """What a fingerprint counts; it is written into it."""

    V1 = "v1"
    V1_TIMELESS = "v1-timeless"


class DatasetError(Exception):
    """The dataset has no fingerprint. The message names the entry, what was found and what would be accepted."""


def fingerprint(dataset: Path, form: Format = Format.V1) -> str:
    """The fingerprint of a directory or of a single file.

    Raises:
        DatasetError: something in it can't be read, is neither file, directory nor link, or links to what is outside.

    """
    total = hashlib.sha256()
    for record in sorted(_records(dataset, form)):
        total.update(record)
    return f"sha256:{form.value}:{total.hexdigest()}"


def format_of(text: str) -> Format:
    """The format of a fingerprint. Raises ValueError, naming what was found and what would be accepted."""
    kind, _, rest = text.partition(":")
    form, _, digest = rest.partition(":")
    if kind != "sha256" or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError(f'"{text}" is no fingerprint: take the one that `shadow-operator fingerprint PATH` prints')
    try:
        return Format(form)
    except ValueError as error:
        known = " or ".join(each.value for each in Format)
        raise ValueError(f'"{text}" has the format "{form}", and this release knows {known}') from error


def _records(dataset: Path, form: Format) -> Iterator[bytes]:
    try:
        # Only the dataset itself may be named through a link.
        root = dataset.resolve(strict=True)
        if root.is_dir():
            yield from _of_directory(root, root, form)
        else:
            yield _of_entry(root, root, form)
    except OSError as error:
        where = dataset if error.filename is None else error.filename
        raise DatasetError(f"{where} can't be read: {error.strerror}: make it readable, or mount it") from error


def _of_directory(directory: Path, root: Path, form: Format) -> Iterator[bytes]:
    with os.scandir(directory) as scanned:
        entries = list(scanned)
    if directory == root:
        entries = [entry for entry in entries if entry.name != _OF_THE_FILE_SYSTEM]
    if not entries:
        yield _record(directory, root, "d", 0, 0, b"")
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _of_directory(Path(entry.path), root, form)
        else:
            yield _of_entry(Path(entry.path), root, form)


def _of_entry(path: Path, root: Path, form: Format) -> bytes:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        if not path.resolve().is_relative_to(root):
            raise DatasetError(f"{path} links to {path.readlink()}, which is outside of the dataset: put a copy there")
        return _record(path, root, "l", 0, 0, os.fsencode(path.readlink()))
    if not stat.S_ISREG(found.st_mode):
        raise DatasetError(f"{path} is neither a file, a directory nor a link: take it out of the dataset")
    seconds = 0 if form is Format.V1_TIMELESS else found.st_mtime_ns // 1_000_000_000
    return _record(path, root, "f", found.st_size, seconds, _samples(path, found.st_size))


def _samples(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        if size < _WHOLE_BELOW:
            return file.read()
        samples = b""
        for begin in (0, (size - _BLOCK) // 2, size - _BLOCK):
            file.seek(begin)
            samples += file.read(_BLOCK)
        return samples


def _record(path: Path, root: Path, kind: str, size: int, seconds: int, content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    where = os.fsencode(path.relative_to(root).as_posix())
    return b"\0".join([where, *(str(part).encode() for part in (kind, size, seconds, digest))]) + b"\n"
