"""Pages drawn once with slots and filled for each answer."""

from portal.infra.moulds import Mould, slot


def test_slots_are_filled_and_the_rest_stays():
    mould = Mould(f"<p>{slot('a')}</p><p>{slot('b')}, {slot('a')}</p>")
    assert mould.filled({"a": "1", "b": "2"}) == "<p>1</p><p>2, 1</p>"
    assert mould.names == ["a", "b", "a"]


def test_what_a_value_contains_is_never_filled():
    mould = Mould(f"{slot('a')}{slot('b')}")
    assert mould.filled({"a": str(slot("b")), "b": "2"}) == f"{slot('b')}2"


def test_somebodys_brackets_in_the_frame_stay():
    frame = "<li>\u27e6Chan\u27e7 \u27e6\u27e7 \u27e6</li>"
    assert Mould(frame).filled({}) == frame
