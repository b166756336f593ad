"""The filter of the logs: every shape of an identity card number, and nothing that is none."""

import pytest

from portal.infra.logs import without_identities


def logged(value: object) -> object:
    return without_identities(None, "", {"event": value})["event"]


@pytest.mark.parametrize(
    "number",
    [
        "A123456(7)",
        "a123456(7)",
        "AB123456(A)",
        "A1234567",
        "A123456-7",
        "A123456 (7)",
        "A123456 ( 7 )",
        "A 123 456 (7)",
        "A-123-456-7",
        "A 123456\u20137",
        "A123456[7]",
        "A123456+%287%29",
        "%EF%BC%A1123456%20(7)",
        "Ａ１２３４５６（７）",
        "Ａ１２３４５６(7)",
        "A\u3000123456（7）",
    ],
)
def test_every_shape_of_a_number_is_struck_out(number):
    assert logged(f"typed «{number}» here") == "typed «[identity]» here"
    assert logged(f"號碼{number}。") == "號碼[identity]。"
    assert logged({"q": [number, 1]}) == {"q": ["[identity]", 1]}
    assert logged(ValueError(number)) == "[identity]"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25T02:41:45.123456Z",
        "tel 2123 4567",
        "on 2026-11-25",
        "ticket 15fe6926-b123-4567-8674-3f38c6dfe937 (check_file)",
        "CLG-000123-4",
        "/<lang:lang>/register/",
        "100% sure, 50%20",
        "Ｃｈａｎ Ｃｌｉｎｉｃ",
    ],
)
def test_other_words_and_numbers_stay_as_they_are(text):
    assert logged(text) == text
