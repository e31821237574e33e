"""Let Talos's own code compare both forms of every example of a conversion, and write down which were equal. Needs Go.

python tools/record_conversions.py     writes tests/vectors/convert/compared.json, and ends with 1 when two forms differ
"""

from __future__ import annotations

import json
import subprocess
import sys

from goprograms import TOOLS
from oracle import program

sys.path.insert(0, str(TOOLS.parent / "tests" / "oracle"))
sys.path.insert(0, str(TOOLS.parent / "tests" / "conversion"))
from compared import MINORS, RECORD, digest
from conversion_examples import EXAMPLES
from effects import effects


def main() -> int:
    """Record what is equal; return 1 when something is not."""
    record: dict[str, dict[str, str]] = {}
    different = 0
    for minor in MINORS:
        record[minor] = {}
        for example in EXAMPLES:
            if example.minor > minor:
                continue
            requests = "".join(json.dumps({"op": "answers", "base": text}) + "\n" for text in (example.old, example.new))
            lines = subprocess.run([program(minor)], input=requests, capture_output=True, encoding="utf-8", check=True).stdout
            old, new = (json.loads(line) for line in lines.splitlines())
            if "ok" in old and "ok" in new and effects(json.loads(old["ok"])) == effects(json.loads(new["ok"])):
                record[minor][digest(minor, example.old, example.new)] = example.rule
            else:
                different += 1
                print(f"{minor}: {example.rule}: {old.get('error') or new.get('error') or 'the two forms differ'}", file=sys.stderr)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{RECORD}: {sum(map(len, record.values()))} comparisons")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
