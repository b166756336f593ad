"""Files at rest: what is stored tells nothing, and any change to it is noticed."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from portal.infra import sealing
from portal.infra.sealing import BOX, PIECE, Key, KeyMissing, Tampered, sealed, unsealed
from portal.infra.settings import Settings, use_settings

KEY = Key(b"k" * 32)
LENGTHS = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 17]
FIRST_BOX = len(sealing.MAGIC) + sealing.HEADER


def stored(content: bytes, name: str = "name") -> bytes:
    return b"".join(sealed([content], KEY, name))


def read(content: bytes, *, key: Key = KEY, name: str = "name", step: int = 1000) -> bytes:
    chunks = (content[at : at + step] for at in range(0, len(content), step))
    return b"".join(unsealed(chunks, key, name))


@pytest.mark.parametrize("length", LENGTHS)
def test_what_was_sealed_comes_back(length: int) -> None:
    content = os.urandom(length)
    assert read(stored(content)) == content


@pytest.mark.parametrize("step", [1, 7, PIECE, PIECE + 17, 10 * PIECE])
def test_the_sizes_in_which_it_comes_do_not_matter(step: int) -> None:
    content = os.urandom(PIECE + 100)
    pieces = (content[at : at + step] for at in range(0, len(content), step))
    assert read(b"".join(sealed(pieces, KEY, "name")), step=step) == content


def test_nothing_of_the_content_is_seen_and_no_two_are_alike() -> None:
    content = b"Chan Tai Man " * 1000
    assert b"Chan" not in stored(content)
    assert stored(content) != stored(content)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_cut_off_end_is_noticed_wherever_it_is_cut(length: int) -> None:
    whole = stored(os.urandom(length))
    boxes = range(FIRST_BOX, len(whole), BOX)
    for end in {0, 3, FIRST_BOX - 1, *boxes, len(whole) - 1}:
        with pytest.raises(Tampered):
            read(whole[:end])


def test_every_changed_byte_is_noticed() -> None:
    whole = stored(b"a short letter")
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1
        with pytest.raises(Tampered):
            read(bytes(changed))


def test_boxes_swapped_left_out_doubled_or_added_are_noticed() -> None:
    whole = stored(os.urandom(4 * PIECE))
    head, boxes = (
        whole[:FIRST_BOX],
        [whole[at : at + BOX] for at in range(FIRST_BOX, len(whole), BOX)],
    )
    arrangements = [
        [boxes[1], boxes[0], *boxes[2:]],
        boxes[1:],
        [boxes[0], *boxes],
        [*boxes, boxes[-1]],
        boxes[:-1],
    ]
    for arranged in arrangements:
        with pytest.raises(Tampered):
            read(head + b"".join(arranged))


def test_a_file_in_anothers_place_is_noticed() -> None:
    with pytest.raises(Tampered):
        read(stored(b"mine", "one"), name="another")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Tampered):
        read(stored(b"mine"), key=Key(b"x" * 32))


def test_no_byte_is_given_out_before_its_box_is_proved() -> None:
    whole = bytearray(stored(os.urandom(3 * PIECE)))
    whole[FIRST_BOX + BOX + 5] ^= 1
    pieces = unsealed([bytes(whole)], KEY, "name")
    assert len(next(pieces)) == PIECE
    with pytest.raises(Tampered):
        next(pieces)


def test_sealing_holds_one_piece_at_a_time() -> None:
    asked = []

    def source() -> Iterator[bytes]:
        for number in range(100):
            asked.append(number)
            yield bytes(PIECE)

    boxes: Iterable[bytes] = sealed(source(), KEY, "name")
    for _ in zip(range(3), boxes, strict=False):
        pass
    assert len(asked) < 6


# Keys


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    use_settings(Settings(portal_home=tmp_path))
    yield tmp_path
    use_settings(None)


def test_the_embedded_portal_makes_its_own_key_once(home: Path) -> None:
    first = sealing.current_key()
    assert sealing.current_key() == first
    assert (home / "secrets" / "files_key").stat().st_mode & 0o777 == 0o600


def test_an_old_key_still_opens_what_it_sealed(home: Path) -> None:
    old, new = "ab" * 32, "cd" * 32
    use_settings(Settings(portal_home=home, files_key=old))
    before = sealing.current_key()
    use_settings(Settings(portal_home=home, files_key=new, files_keys_before=f"{'ee' * 32} {old}"))
    assert sealing.current_key().id != before.id
    assert sealing.key_with(before.id) == before
    with pytest.raises(KeyMissing):
        sealing.key_with("0" * 16)


@pytest.mark.parametrize("wrong", ["short", "zz" * 32, "ab" * 31])
def test_a_key_that_is_none_is_said_so_without_showing_it(home: Path, wrong: str) -> None:
    use_settings(Settings(portal_home=home, files_key=wrong))
    with pytest.raises(ValueError, match="64 hexadecimal digits") as told:
        sealing.current_key()
    assert wrong not in str(told.value)


def test_production_does_not_make_a_key_of_its_own(home: Path) -> None:
    use_settings(Settings.model_validate({"portal_home": home, "PORTAL_PRODUCTION": True}))
    with pytest.raises(ValueError, match="FILES_KEY"):
        sealing.current_key()
