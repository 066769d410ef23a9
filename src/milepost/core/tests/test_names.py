"""What a name may hold."""

import pytest

from milepost.core.names import as_seen, holds_unseen

ZWJ, ZWNJ = "\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"


@pytest.mark.parametrize(
    "unseen",
    [
        "\N{RIGHT-TO-LEFT OVERRIDE}",
        "\N{LEFT-TO-RIGHT EMBEDDING}",
        "\N{RIGHT-TO-LEFT ISOLATE}",
        "\N{POP DIRECTIONAL FORMATTING}",
        "\N{RIGHT-TO-LEFT MARK}",
        "\N{ARABIC LETTER MARK}",
        "\N{ZERO WIDTH SPACE}",
        "\N{ZERO WIDTH NO-BREAK SPACE}",
        "\N{WORD JOINER}",
        "\N{SOFT HYPHEN}",
        "\N{TAG LATIN SMALL LETTER A}",
        "\N{HANGUL FILLER}",
        "\N{BRAILLE PATTERN BLANK}",
        "\ue000",
        "\ud800",
    ],
)
def test_what_nobody_sees_is_found_and_taken_out(unseen):
    assert holds_unseen(f"Jo{unseen}nas")
    assert as_seen(f"{unseen}Jo{unseen}nas {unseen} Nygård{unseen}") == "Jonas Nygård"


@pytest.mark.parametrize(
    "name",
    [
        "Jonas Nygård",
        "王小明",
        "محمد الأحمد",
        f"می{ZWNJ}خواهم",
        f"क्{ZWJ}ष",
        "O’Brien-Łukasz",
        "Zoe\u0301",
        "דָּוִד",
        "J. B.",
    ],
)
def test_names_of_the_world_stay_as_they_are(name):
    assert not holds_unseen(name) and as_seen(name) == name


def test_between_words_is_one_space_whatever_stood_there():
    assert as_seen("Jonas\u00a0 \tNygård\u2028") == "Jonas Nygård"
