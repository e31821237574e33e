"""Compare both forms of every example by Talos's own code, and write down which were equal: python tests/conversion/record_compared.py.

Needs the programs that ``tools/answers/README.md`` speaks of, named by TALOSPATCH_ANSWERS_1_12 and so on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))
from conversion_examples import EXAMPLES
from talos_answers import MINORS, RECORD, Refused, digest, effects_of


def main() -> int:
    """Record what is equal; return 1 when something is not."""
    record: dict[str, dict[str, str]] = {}
    failed = 0
    for minor in MINORS:
        examples = [example for example in EXAMPLES if example.minor <= minor]
        seen = effects_of(minor, [text for example in examples for text in (example.old, example.new)])
        record[minor] = {}
        for index, example in enumerate(examples):
            old, new = seen[2 * index], seen[2 * index + 1]
            if old == new and not isinstance(old, Refused):
                record[minor][digest(minor, example.old, example.new)] = example.rule
            else:
                failed += 1
                print(f"{minor}: {example.rule}: {old if isinstance(old, Refused) else new if isinstance(new, Refused) else 'differs'}")
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{RECORD}: {sum(map(len, record.values()))} comparisons")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
