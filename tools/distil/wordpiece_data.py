"""Writes src/text/wordpiece.bin: how the teacher's tokenizer treats characters outside ASCII.

Asked of the tokenizer itself, character by character, because it knows an older Unicode than Python or Rust do.
Three columns, each led by its length in bytes, of ranges as LEB128 numbers: the gap from the end of the range
before, and the count. The first also has the kind: 0 removed, 1 a word by itself, 2 an accent to strip. The second
says which characters have a compatibility decomposition only, which the tokenizer does not apply.
"""

import unicodedata
from pathlib import Path

import teacher

OUT = Path(__file__).resolve().parents[2] / "src/text/wordpiece.bin"
REMOVED, ALONE, STRIPPED = range(3)
CHARACTERS = [chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000]


def main() -> None:
    kinds, compatible = {}, {}
    tokenizer = teacher.tokenizer()
    for char in CHARACTERS:
        kind = kind_of(char, tokenizer)
        if kind is not None:
            kinds[char] = kind
        # Korean syllables are decomposed by arithmetic and in no table.
        if unicodedata.normalize("NFKD", char) != char and not "가" <= char <= "힣":
            compatible[char] = unicodedata.normalize("NFD", char) == char

    columns = [bytearray(), bytearray()]
    end = 0
    for first, count, kind in runs(kinds, CHARACTERS):
        number(columns[0], first - end)
        number(columns[0], count << 2 | kind)
        end = first + count
    end = 0
    # Characters that decompose in no way may lie inside a range: nobody asks about them.
    for first, count, only in runs(compatible, sorted(compatible)):
        if only:
            number(columns[1], first - end)
            number(columns[1], count)
            end = first + count
    table = bytearray()
    for column in columns:
        number(table, len(column))
        table += column
    OUT.write_bytes(table)
    print(f"{OUT}: {len(table)} bytes")


def kind_of(char: str, tokenizer) -> int | None:
    shown = tokenizer.normalizer.normalize_str(f"a{char}b")
    if shown == "ab":
        return STRIPPED if unicodedata.category(char).startswith("M") else REMOVED
    pieces = tokenizer.pre_tokenizer.pre_tokenize_str(shown)
    return ALONE if len(pieces) == 3 else None


def runs(values: dict, order: list):
    """Maximal runs of one value, over neighbours in the given order: first code, count of codes, value."""
    found, before = [], None
    for char in order:
        value = values.get(char)
        if value is not None:
            if before is not None and found[-1][2] == value:
                found[-1][1] = ord(char) + 1 - found[-1][0]
            else:
                found.append([ord(char), 1, value])
            before = char
        else:
            before = None
    return found


def number(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


if __name__ == "__main__":
    main()
