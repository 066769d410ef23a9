"""Fetch the fonts of documents (`make vendor`); the result is committed, with the lists that templates name them by and a
note of the characters that each has.

First the house's own, in which its pages are set, too (npm). What these lack is asked of Debian's files of Noto and Droid, and
npm's of Noto Emoji, in this order. Why these: docs/decisions, “The letters of the world”.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from programs import run

TARGET = Path(__file__).parent.parent / "src/milepost/documents/typst/fonts"
FONTTOOLS = "fonttools==4.68.0"
NOTO, DROID, EMOJI = (
    "fonts-noto-core=20201225-1",
    "fonts-droid-fallback=1:6.0.1r16-1.1",
    "@expo-google-fonts/noto-emoji@0.4.7",
)
HOUSE = {  # font: its files, of the weights that templates ask for
    "@expo-google-fonts/atkinson-hyperlegible-next@0.4.1": ("400Regular", "400Regular_Italic", "700Bold"),
    "@expo-google-fonts/fraunces@0.4.1": ("600SemiBold", "500Medium_Italic"),
}
DRAWN = "usr/share/fonts/truetype/noto/Noto"
# The scripts that people write their names in today (Unicode Standard Annex 31, tables 5 and 7), and symbols.
SANS = [
    "",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Thai",
    "Bengali",
    "Gurmukhi",
    "Gujarati",
    "Oriya",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Sinhala",
    "Lao",
    "Khmer",
    "Myanmar",
    "Armenian",
    "Georgian",
    "Ethiopic",
    "Mongolian",
    "Cherokee",
    "CanadianAboriginal",
    "Thaana",
    "Syriac",
    "NKo",
    "Adlam",
    "Tifinagh",
    "Vai",
    "Yi",
    "Javanese",
    "Balinese",
    "Sundanese",
    "Cham",
    "TaiLe",
    "NewTaiLue",
    "TaiTham",
    "TaiViet",
    "MeeteiMayek",
    "OlChiki",
    "Lisu",
    "Lepcha",
    "Limbu",
    "KayahLi",
    "Saurashtra",
    "Chakma",
    "Newa",
    "HanifiRohingya",
    "Osage",
    "Miao",
    "Bamum",
    "Batak",
    "Buginese",
    "Rejang",
    "Buhid",
    "Hanunoo",
    "Tagalog",
    "Tagbanwa",
    "SylotiNagri",
    "Wancho",
    "Mro",
    "PahawhHmong",
    "SoraSompeng",
    "WarangCiti",
    "GunjalaGondi",
    "MasaramGondi",
    "Coptic",
    "Symbols",
    "Symbols2",
]
HAN = "usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"
RARE_HAN = "usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"

LETTERS = """// What documents are set in: the house’s fonts (`letters` for text, `display` for headings) for what they have, then the fonts of the world’s
// scripts, in this order. All are named, since Typst would by itself try one font more, and no third. Written by scripts/vendor_fonts.py.
#let letters = (
  "Atkinson Hyperlegible Next",
%s)
#let display = ("Fraunces", ..letters)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for package in (NOTO, DROID):
            run("apt-get download", package, cwd=root, check=True)
        for archive in root.glob("*.deb"):
            run("dpkg-deb -x", archive, root, check=True)
        (root / "package.json").write_text('{"private": true}')
        run("npm install --ignore-scripts --no-audit --no-fund", EMOJI, *HOUSE, cwd=root, check=True)
        # What reads and cuts fonts is needed here alone.
        venv.create(root / "venv", with_pip=True)
        python = root / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", FONTTOOLS], check=True)
        subprocess.run([python, __file__, "--choose", root], check=True)


def choose(root: Path) -> None:
    """Put the fonts from the packages under `root` in their place, with their licences and `coverage.json`."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    for old in TARGET.glob("**/*.*"):
        old.unlink()
    (TARGET / "licences").mkdir(parents=True, exist_ok=True)
    chosen = [root / f"{DRAWN}Sans{script}-Regular.ttf" for script in SANS] + [
        root / f"{DRAWN}SerifTibetan-Regular.ttf"
    ]
    chosen += [root / HAN, root / "node_modules/@expo-google-fonts/noto-emoji/400Regular/NotoEmoji_400Regular.ttf"]
    for package, styles in HOUSE.items():
        folder = root / "node_modules" / package.rpartition("@")[0]
        for style in styles:
            (file,) = (folder / style).glob("*.ttf")
            (TARGET / file.name).write_bytes(file.read_bytes())
        (TARGET / f"licences/{folder.name}.txt").write_bytes((folder / "LICENSE_FONT").read_bytes())
    coverage = []  # of those that follow the house’s: between them they have all that these have
    for path in chosen:
        font = TTFont(path)
        coverage.append(_covered(font))
        (TARGET / path.name).write_bytes(path.read_bytes())
    # Both fonts of Droid are called the same, and share all but a few thousand rare signs: these become a font of their own.
    rare = TTFont(root / RARE_HAN, recalcTimestamp=False)
    known = set(TTFont(root / HAN).getBestCmap())
    options = Options(name_IDs=["*"], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=sorted(set(rare.getBestCmap()) - known))
    subsetter.subset(rare)
    for record in rare["name"].names:
        if record.nameID in (1, 4, 6, 16):
            record.string = "DroidSansRareHan" if record.nameID == 6 else "Droid Sans Rare Han"
    rare.save(TARGET / "DroidSansRareHan.ttf")
    coverage.insert(-1, _covered(rare))
    (TARGET / "coverage.json").write_text("[\n" + ",\n".join(map(json.dumps, coverage)) + "\n]\n")
    families = "".join(f'  "{font["family"]}",\n' for font in coverage)
    (TARGET.parent / "letters.typ").write_text(LETTERS % families)
    for name in ("fonts-noto-core", "fonts-droid-fallback"):
        text = (root / f"usr/share/doc/{name}/copyright").read_bytes()
        (TARGET / f"licences/{name}.txt").write_bytes(text)
    licence = root / "node_modules/@expo-google-fonts/noto-emoji/LICENSE_FONT"
    (TARGET / "licences/noto-emoji.txt").write_bytes(licence.read_bytes())


def _covered(font: object) -> dict[str, object]:
    """A font's family, and the ranges of characters that it has a glyph for."""
    family = font["name"].getBestFamilyName()
    ranges: list[list[int]] = []
    for code in sorted(font.getBestCmap()):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return {"family": family, "ranges": ranges}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--choose"]:
        choose(Path(sys.argv[2]))
    else:
        main()
