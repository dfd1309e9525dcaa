"""Sealed streams: what comes out is what went in, or nothing."""

import io

import pytest

from promotions.engine.snapshots_cipher import CHUNK_BYTES, OpeningReader, SealBroken, SealingWriter

KEY, NAME = "k" * 50, "1-a/0000-b"
HEAD = len(b"kargoweb-snapshot-1\n") + 32
SEALED_CHUNK = CHUNK_BYTES + 16


def seal(data, *, name=NAME):
    target = io.BytesIO()
    writer = SealingWriter(target, key=KEY, name=name)
    writer.write(data)
    writer.finish()
    return target.getvalue()


def unseal(sealed, *, key=KEY, name=NAME):
    return OpeningReader(io.BytesIO(sealed), key=key, name=name).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_gives_back_what_was_written(size):
    data = bytes(index % 251 for index in range(1000)) * (size // 1000 + 1)

    assert unseal(seal(data[:size])) == data[:size]


def test_reads_in_any_portions_from_a_source_that_gives_less_than_asked():
    class Slow(io.BytesIO):
        def read(self, size=-1, /):
            return super().read(min(size, 70_000))

    data = bytes(range(256)) * 10_000
    reader = OpeningReader(Slow(seal(data)), key=KEY, name=NAME)

    parts = []
    while part := reader.read(123_457):
        parts.append(part)

    assert b"".join(parts) == data
    assert reader.read(1) == b""


def test_the_same_content_never_looks_the_same():
    assert seal(b"secret" * 100)[HEAD:] != seal(b"secret" * 100)[HEAD:]
    assert b"secret" not in seal(b"secret" * 100)


THREE_CHUNKS = seal(b"x" * (2 * CHUNK_BYTES + 5))
FIRST, SECOND, LAST = (THREE_CHUNKS[HEAD + index * SEALED_CHUNK :][:SEALED_CHUNK] for index in range(3))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(b"", id="empty"),
        pytest.param(THREE_CHUNKS[:10], id="cut inside the magic"),
        pytest.param(THREE_CHUNKS[:HEAD], id="cut before the first chunk"),
        pytest.param(THREE_CHUNKS[: HEAD + 100], id="cut inside a chunk"),
        pytest.param(THREE_CHUNKS[: HEAD + SEALED_CHUNK], id="cut between chunks"),
        pytest.param(THREE_CHUNKS[: HEAD + 2 * SEALED_CHUNK], id="last chunk missing"),
        pytest.param(THREE_CHUNKS[:-1], id="last byte missing"),
        pytest.param(THREE_CHUNKS + b"x", id="something behind the end"),
        pytest.param(THREE_CHUNKS[:HEAD] + SECOND + FIRST + LAST, id="chunks changed places"),
        pytest.param(THREE_CHUNKS[:HEAD] + FIRST + LAST, id="a chunk in the middle missing"),
        pytest.param(THREE_CHUNKS[:30] + b"\0" + THREE_CHUNKS[31:], id="other random bytes"),
        pytest.param(THREE_CHUNKS[:-30] + b"\0\1" + THREE_CHUNKS[-28:], id="content changed"),
        pytest.param(b"PK\3\4" + THREE_CHUNKS[4:], id="another kind of file"),
    ],
)
def test_refuses_what_is_not_whole(changed):
    with pytest.raises(SealBroken):
        unseal(changed)


def test_refuses_another_name_and_another_key():
    sealed = seal(b"content")

    with pytest.raises(SealBroken):
        unseal(sealed, name="1-a/0001-b")
    with pytest.raises(SealBroken, match="KARGOWEB_SECRET_KEY"):
        unseal(sealed, key="l" * 50)
