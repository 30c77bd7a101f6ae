"""Writes tests/cases/wordpiece.jsonl: made-up texts and what the teacher's tokenizer makes of them.

A line is `[text, ids]`, with the teacher's own numbers; 100 is an unknown word. The texts come from a seeded
generator: words of the vocabulary in all disguises, every block of Unicode, and what people paste.
"""

import json
import random
import unicodedata
from pathlib import Path

import teacher

OUT = Path(__file__).resolve().parents[2] / "tests/cases/wordpiece.jsonl"

BY_HAND = [
    "", " ", "\t\n\r", "Hello, World!", "don't can't it's o'clock", "e-mail@example.com https://example.com/a?b=c#d",
    "3.14 1,000,000 50% $9.99 #1 (a) [b] {c} <d> a_b ~x^y`z|w\\v", "[CLS] [SEP] [MASK] [PAD] [UNK] [unused7] ##ing",
    "café CAFÉ cafe\u0301 naïve Zürich Ångström ﬁne ½ ² ⅷ ㎏ № ™", "İstanbul ISTANBUL ıspanak ẞ ß Weiß ǅ Ǆ ŉ",
    "ΟΔΟΣ Σίσυφος ἀρχή ᾳ ΐ ΅ ϓ ϔ", "Москва ЙОЖИК йогурт ё Ѝ", "שָׁלוֹם עולם", "مُحَمَّد السلام ٱلْ", "हिन्दी क़ानून ज़िला ड़", "বাংলা ড়",
    "தமிழ் மொழி", "ภาษาไทย กำลัง", "ລາວ", "한국어 각 힣 ᄒ", "日本語 ガ ﾊﾞ か゚ 々〆", "中文，字符。 豈 更 樂 丽 \U0002f800 \U0002a6d6 \U0002a6d7 \U0002b820 \U0002b920 \U0002ceb0",
    "👩‍👩‍👧‍👦 👍🏽 🇫🇷 ❤️ ☕ ✈︎ 🤷‍♀️", "a\u0000b\u0001c\u0007d\u000be\u000cf\u001bg\u007fh\u0085i\u009fj", "\ufeffbom \ufffd bad \u00ad soft\u00adhyphen zero\u200bwidth\u200djoin \u2060",
    "\u202eright to left\u202c \u200fmark", "a\u00a0b\u1680c\u2003d\u2028e\u2029f\u202fg\u205fh\u3000i", "x" * 99, "x" * 100, "x" * 101, "é" * 100, "é" * 101, "e\u0301" * 100,
    "a" * 5000, "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "≮ ≠ ∉ 〈 Å Ω K ` ;", "\u0344 \u0385 \u1fc1 \u1fcd \u1fdd \u1fed \u1fee \u1fef \u1ffd \u2000 \u2001 ẛ̣ ſ", "\U0001d15e \U0001d400 \U000e0041 \U000f0000 \ue000 \U0010ffff",
    "“curly” ‘quotes’ «guillemets» — – … • · ¡hola! ¿qué? § ¶ † ‡", "a/b//c --flag=value x+=1; if (a && b) { return c; }", "snake_case camelCase SCREAMING v1.2.3-beta+4",
    "Dr. Müller-Lüdenscheidt's 2nd visit: 11:30 a.m., 5/6/2024 (Mon.)", "HeLLo wOrLd ＨＥＬＬＯ ｗｏｒｌｄ！ ⓐ ⒜ 𝒽𝑒𝓁𝓁𝑜", "q\u0307\u0323 q\u0323\u0307 ḍ̇ ḍ̇",
]


def main() -> None:
    draw = random.Random(20240501)
    tokenizer = teacher.tokenizer()
    pieces = [piece.removeprefix("##") for piece in teacher.vocabulary()[teacher.FIRST :]]
    texts = list(BY_HAND)
    texts += [sentence(draw, pieces) for _ in range(620)]
    texts += [glued(draw, pieces) for _ in range(400)]
    texts += blocks()
    texts += [soup(draw) for _ in range(450)]
    lines = []
    for text in dict.fromkeys(texts):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        lines.append(json.dumps([text, ids], ensure_ascii=True, separators=(",", ":")))
    OUT.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{OUT}: {len(lines)} cases, {OUT.stat().st_size:,} bytes")


def sentence(draw: random.Random, pieces: list[str]) -> str:
    """Words of the vocabulary with case, punctuation and spaces at random."""
    words = [draw.choice([str, str, str.upper, str.capitalize])(draw.choice(pieces)) for _ in range(draw.randint(1, 7))]
    return "".join(word + draw.choice([" ", " ", " ", ", ", "-", ". ", "'", "  ", "\n"]) for word in words)


def glued(draw: random.Random, pieces: list[str]) -> str:
    """Long words, some with accents in both forms and with characters that vanish."""
    word = "".join(draw.choice(pieces) for _ in range(draw.randint(2, 4)))
    for _ in range(draw.randint(0, 3)):
        at = draw.randrange(len(word) + 1)
        word = word[:at] + draw.choice("\u0301\u0308\u0327\u200d\u00adéñÜşŁ") + word[at:]
    return unicodedata.normalize(draw.choice(["NFC", "NFD"]), word)


def blocks() -> list[str]:
    """A sample of every range of 32 characters that has any, each between letters."""
    texts = []
    for start in [*range(0, 0x3400, 32), *range(0x3400, 0xD800, 512), *range(0xF900, 0x1FC00, 64), *range(0x20000, 0x32000, 4096)]:
        chars = [chr(code) for code in range(start, start + 32) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
        if chars:
            texts.append("a".join(chars[:: max(1, len(chars) // 16)]))
            texts.append("".join(chars[1::3]))
    return texts


def soup(draw: random.Random) -> str:
    """Characters from everywhere, mostly from where people write."""
    ranges = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x900, 0xE00), (0xE00, 0x1200),
              (0x1E00, 0x2100), (0x2000, 0x2070), (0x3000, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xF900, 0xFB50), (0xFF00, 0xFFF0),
              (0x1F300, 0x1F700), (0x10000, 0x1E000)]
    chosen = draw.sample(ranges, 3)
    chars = []
    while len(chars) < draw.randint(1, 24):
        char = chr(draw.randrange(*draw.choice(chosen)))
        if unicodedata.category(char) not in ("Cn", "Cs"):
            chars.append(char)
    return "".join(chars)


if __name__ == "__main__":
    main()
