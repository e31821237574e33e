"""Random contents of cache files: what nodes have written, damaged; and what fits the types of the cache, with something wrong in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cache_oddities import (
    ADDRESS_CHARACTERS,
    ADDRESSES,
    BITS,
    BROKEN_LITERALS,
    BROKEN_NUMBERS,
    BROKEN_STRINGS,
    CONF_VERSIONS,
    CONFIGS,
    FILLINGS,
    FOLDED,
    NUMBERS,
    ODD_ADDRESSES,
    ODD_BITS,
    ODD_CONFIGS,
    ODD_RESULT_VERSIONS,
    RESULT_VERSIONS,
    STRINGS,
    WRONG,
)

if TYPE_CHECKING:
    from random import Random

T = TypeVar("T")

FOLDER = Path(__file__).parent.parent / "samples" / "cni-cache"
SAMPLES = tuple(path.read_bytes() for path in sorted(FOLDER.iterdir()))
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[][{}:,]')
SAMPLE_TOKENS = tuple(sorted({token for sample in SAMPLES for token in TOKEN.findall(sample) if len(token) < 80}))

# Bytes: from pieces of this size on, every smaller one is tried, to find those that make a member of an object.
SMALL = 32


def quoted(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")


class Maker:
    """Makes contents.

    Attributes:
        wrongness: how often a value does not fit its place, or a key is odd, from 0 to 1.
        brokenness: how often a value is no JSON.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.wrongness = random.choice((0.0, 0.01, 0.03, 0.08, 0.2))
        self.brokenness = random.choice((0.0, 0.0, 0.0, 0.01))

    def content(self) -> bytes:
        """Return the content of a file."""
        random = self.random
        content = self._sound()
        if random.random() < (0.98 if content in SAMPLES else 0.25):
            for _ in range(random.choice((1, 1, 2, 3))):
                content = self._damaged(content)
        return content

    def _sound(self) -> bytes:
        random = self.random
        chance = random.random()
        if chance < 0.5:
            return self.wrapper()
        if chance < 0.6:
            return self.result()
        if chance < 0.65:
            return self._repeated()
        if chance < 0.8:
            return self._edited(random.choice(SAMPLES))
        if chance < 0.93:
            return random.choice(SAMPLES)
        if chance < 0.932:
            return self._deep()
        return self.anything(3) if random.random() < 0.5 else self._bytes(6)

    def conf_version(self) -> str:
        """Return the version of a conflist, mostly an odd one."""
        random = self.random
        if random.random() < 0.7:
            return random.choice(CONF_VERSIONS)
        return "".join(random.choice("00111234...+- x_٣") for _ in range(random.randint(1, 7)))

    def _bytes(self, most: int) -> bytes:
        random = self.random
        parts = [random.choice((*FILLINGS, *SAMPLE_TOKENS, random.randbytes(1))) for _ in range(random.randint(0, most))]
        return b"".join(parts)

    def wrapper(self) -> bytes:
        """Return what a libcni since 0.8 might have written, and a result in it."""
        others = {
            "containerId": self._word,
            "config": self._config,
            "ifName": self._word,
            "networkName": self._word,
            "netns": self._word,
            "cniArgs": lambda: self._list(lambda: self._list(self._word, 4)),
            "capabilityArgs": self._map,
        }
        kept = self._some(others, self.random.choice((0.0, 0.2, 1.0)))
        fields: dict[str, Callable[[], bytes]] = {"kind": self._kind, **kept, "result": self.result}
        if self.random.random() < 0.1:
            # The file as a whole counts as the result where the wrapper does not fit.
            fields |= self._some(self._result_fields(), 0.5)
        return self._object(fields)

    def result(self) -> bytes:
        """Return a result: with the fields of its version, or with any."""
        random, fields = self.random, self._result_fields()
        chance = random.random()
        if chance < 0.4:
            names = ["cniVersion", "interfaces", "ips", "routes", "dns"]
        elif chance < 0.55:
            names = ["cniVersion", "ip4", "ip6", "dns"]
            fields["cniVersion"] = lambda: quoted(random.choice(("0.1.0", "0.2.0", "")))
        elif chance < 0.85:
            # One field, so that what is wrong in it is found first.
            names = ["cniVersion", random.choice(list(fields))]
        else:
            names = list(fields)
        return self._object({name: fields[name] for name in names})

    def _repeated(self) -> bytes:
        """Return a result in which lists are given again, with and without nothing in them; as a file of its own or in a wrapper."""
        random = self.random
        members = [b'"cniVersion":' + self._version() for _ in range(random.choice((1, 1, 2)))]
        for _ in range(random.randint(1, 4)):
            name = random.choice(("interfaces", "ips", "ips", "routes"))
            value = random.choice((b"[]", b"[null]", b"[{}]", b"null", b"[{},null]", b"[null,{}]", b"{}", b"[{},{}]"))
            members.append(self._key(random.choice((name, name.capitalize()))) + b":" + value)
        random.shuffle(members)
        result = b"{" + b",".join(members) + b"}"
        return result if random.random() < 0.7 else b'{"kind":"cniCacheV1","result":' + result + b"}"

    def _result_fields(self) -> dict[str, Callable[[], bytes]]:
        numbers: dict[str, Callable[[], bytes]] = dict.fromkeys(("mtu", "advmss", "priority", "table", "scope"), self._integer)
        words: dict[str, Callable[[], bytes]] = dict.fromkeys(("name", "mac", "sandbox", "socketPath", "pciID"), self._word)
        texts = {"domain": self._word, **dict.fromkeys(("nameservers", "search", "options"), lambda: self._list(self._word))}
        ips = {"version": self._word, "interface": self._integer, "address": self._cidr, "gateway": self._address}

        def routes() -> bytes:
            return self._list(lambda: self._object({"dst": self._cidr, "gw": self._address, **self._some(numbers, 0.3)}))

        def ip4() -> bytes:
            return self._object({"ip": self._cidr, "gateway": self._address, "routes": routes})

        return {
            "cniVersion": self._version,
            "interfaces": lambda: self._list(lambda: self._object({**self._some(words, 0.6), **self._some({"mtu": self._integer}, 0.2)})),
            "ips": lambda: self._list(lambda: self._object(self._some(ips, 0.8))),
            "routes": routes,
            "dns": lambda: self._object(self._some(texts, 0.7)),
            "ip4": ip4,
            "ip6": ip4,
        }

    def _wrongly(self) -> bool:
        return self.random.random() < self.wrongness

    def _some(self, of: dict[str, T], share: float) -> dict[str, T]:
        return {key: value for key, value in of.items() if self.random.random() < share}

    def _fitting(self, make: Callable[[], bytes]) -> bytes:
        """Return a value that is made, or now and then one of another type or none at all."""
        if self.random.random() < self.brokenness:
            return self.random.choice((*BROKEN_NUMBERS, *BROKEN_STRINGS, *BROKEN_LITERALS))
        if self._wrongly():
            return self.random.choice(WRONG) if self.random.random() < 0.7 else self.anything(2)
        return make()

    def _list(self, make: Callable[[], bytes], most: int = 3) -> bytes:
        items = [self._fitting(make) for _ in range(self.random.randint(0, most))]
        if self._wrongly():
            items.insert(self.random.randint(0, len(items)), b"null")
        return b"[" + self._comma().join(items) + b"]"

    def _comma(self) -> bytes:
        if self.random.random() < 0.02:
            return self.random.choice((b" ,", b",\n ", b",\t\r")) if self.random.random() > self.brokenness else b",,"
        return b","

    def _object(self, fields: dict[str, Callable[[], bytes]]) -> bytes:
        """Return an object with these fields: now and then without one, with one of them twice, or with one that nobody knows."""
        random = self.random
        names = [name for name in fields if not self._wrongly()]
        while fields and random.random() < self.wrongness * 2:
            names.insert(random.randint(0, len(names)), random.choice(list(fields)))
        if random.random() < 0.1:
            random.shuffle(names)
        members = [(self._key(name), self._fitting(fields[name])) for name in names]
        if self._wrongly():
            members.insert(random.randint(0, len(members)), (random.choice(STRINGS), self.anything(2)))
        return b"{" + self._comma().join(key + b":" + value for key, value in members) + b"}"

    def _key(self, name: str) -> bytes:
        """Return a key as Go may still take it for this one, or only just not."""
        random = self.random
        if not self._wrongly():
            return quoted(name)
        how = random.randint(0, 7)
        if how == 7:
            return quoted(name.replace("k", "\u212a").replace("s", "\u017f"))
        if how <= 2:
            share = random.choice((0.2, 0.6, 1.0))
            return quoted("".join(self._respelled(char) if random.random() < share else char for char in name))
        if how == 3:
            return b'"' + b"".join(b"\\u%04x" % ord(char) for char in name) + b'"'
        unlike = (name + " ", name[:-1], name + "\x00", name.replace("i", "ı"), name.replace("i", "İ"), name.replace("s", "ß"))
        return quoted(random.choice((name.upper(), *unlike)))

    def _respelled(self, char: str) -> str:
        return self.random.choice(FOLDED.get(char, char + char.upper()))

    def _word(self) -> bytes:
        if self._wrongly():
            return self._string()
        return self.random.choice((b'"eth0"', b'""', b'"02:00:00:00:00:01"', b'"/var/run/netns/x"', b'"4"', b'"cluster.local"'))

    def _string(self) -> bytes:
        random = self.random
        if random.random() < 0.6:
            return random.choice(STRINGS)
        if random.random() < self.brokenness:
            return b'"' + random.randbytes(random.randint(0, 4)) + b'"'
        letters = [random.choice((random.randint(32, 0x17F), random.randint(0xE000, 0x323FF))) for _ in range(random.randint(0, 3))]
        return quoted("".join(map(chr, letters)))

    def _integer(self) -> bytes:
        return self.random.choice(NUMBERS) if self._wrongly() else self.random.choice((b"0", b"1", b"1450", b"-1"))

    def _version(self) -> bytes:
        if self.random.random() < max(self.wrongness, 0.08):
            return self._string() if self.random.random() < 0.3 else quoted(self.random.choice(ODD_RESULT_VERSIONS))
        return quoted(self.random.choice(RESULT_VERSIONS))

    def _kind(self) -> bytes:
        if self._wrongly():
            return self.random.choice((b'"cniCacheV2"', b'"CNICACHEV1"', b'""', b'"\\u0063niCacheV1"', b"null"))
        return b'"cniCacheV1"'

    def _config(self) -> bytes:
        random = self.random
        if random.random() > 0.3:
            return random.choice(CONFIGS)
        if random.random() < 0.7:
            return random.choice(ODD_CONFIGS)
        return quoted("".join(random.choice("AQYWgwz09+/=\n\r-_ ") for _ in range(random.randint(0, 9))))

    def _map(self) -> bytes:
        if self.random.random() < 0.5:
            return b'{"io.kubernetes.cri.pod-annotations":null}'
        return self._object({"portMappings": lambda: self.anything(3), "x": lambda: self.anything(3)})

    def _address_text(self) -> str:
        random = self.random
        if not self._wrongly():
            return random.choice(ADDRESSES)
        if random.random() < 0.6:
            return random.choice(ODD_ADDRESSES)
        if random.random() < 0.5:
            return "".join(random.choice(ADDRESS_CHARACTERS) for _ in range(random.randint(1, 12)))
        address = random.choice(ADDRESSES)
        place = random.randint(0, len(address))
        return address[:place] + random.choice(ADDRESS_CHARACTERS) + address[place + random.randint(0, 1) :]

    def _address(self) -> bytes:
        return self._string() if self._wrongly() else quoted(self._address_text())

    def _cidr(self) -> bytes:
        if self._wrongly():
            return self._address()
        bits = self.random.choice(ODD_BITS if self._wrongly() else BITS)
        return quoted(f"{self._address_text()}/{bits}")

    def anything(self, depth: int) -> bytes:
        """Return any JSON, now and then none."""
        random = self.random
        if random.random() < self.brokenness:
            return random.choice((*BROKEN_NUMBERS, *BROKEN_STRINGS, *BROKEN_LITERALS))
        chance = random.random()
        if depth > 0 and chance < 0.2:
            return b"[" + b",".join(self.anything(depth - 1) for _ in range(random.randint(0, 3))) + b"]"
        if depth > 0 and chance < 0.4:
            return b"{" + b",".join(self._string() + b":" + self.anything(depth - 1) for _ in range(random.randint(0, 3))) + b"}"
        if chance < 0.6:
            return random.choice(NUMBERS)
        return self._string() if chance < 0.8 else random.choice((b"null", b"true", b"false", b" null", b"1\n"))

    def _edited(self, sample: bytes) -> bytes:
        """Return a sample in which some values are others, and some tokens missing or there twice."""
        random = self.random
        tokens = TOKEN.findall(sample)
        for _ in range(random.choice((1, 1, 2, 3))):
            place = random.randrange(len(tokens))
            if random.random() < 0.6:
                values = [at for at, token in enumerate(tokens) if token not in b"[]{}:," and tokens[at + 1 : at + 2] != [b":"]]
                place = random.choice(values or [place])
                tokens[place] = random.choice((random.choice(SAMPLE_TOKENS), random.choice(WRONG), self.anything(2)))
            elif random.random() < 0.5:
                keys = [at for at, token in enumerate(tokens) if tokens[at + 1 : at + 2] == [b":"]]
                place = random.choice(keys or [place])
                tokens[place] = random.choice((tokens[random.choice(keys or [place])], self._string(), tokens[place].swapcase()))
            elif random.random() < 0.5:
                del tokens[place]
            else:
                tokens.insert(place, random.choice((random.choice(tokens), random.choice(SAMPLE_TOKENS))))
            if not tokens:
                break
        return b"".join(tokens)

    def _deep(self) -> bytes:
        """Return nesting about as deep as Go follows it, in places from which it counts differently."""
        random = self.random
        opening, closing, middle = random.choice(((b"[", b"]", b""), (b'{"a":', b"}", b"1"), (b'[{"":', b"}]", b"null")))
        depth = random.randint(9995, 10005) // (2 if len(opening) > 5 else 1)
        nested = opening * depth + middle + closing * random.choice((depth, depth, depth - 1, 0))
        before, after = random.choice(
            (
                (b"", b""),
                (b'{"kind":"cniCacheV1","result":{"cniVersion":"1.0.0","x":', b"}}"),
                (b'{"kind":"cniCacheV1","capabilityArgs":{"x":', b'},"result":{"cniVersion":"1.0.0"}}'),
                (b'{"cniVersion":"0.4.0","ips":[', b"]}"),
                (b'{"x":', b"}"),
            )
        )
        return before + nested + after

    def _damaged(self, content: bytes) -> bytes:
        """Return content after one of the things that happen to files, or of some that do not."""
        random = self.random
        place = random.randint(0, len(content))
        before, after = content[:place], content[place:]
        how = random.choice(("cut", "cut", "zeros", "flip", "flip", "put", "put", "splice", "append", "prepend", "repeat"))
        if how == "cut":
            return before
        if how == "zeros":
            return before + b"\x00" * len(after)
        if how == "flip" and after:
            return before + bytes((after[0] ^ (1 << random.randint(0, 7)),)) + after[1:]
        if how == "put":
            return before + random.choice(FILLINGS) + after[random.randint(0, 2) :]
        if how == "splice":
            other = self._sound()
            return before + other[random.randint(0, len(other)) :]
        if how == "append":
            return content + random.choice((random.choice(FILLINGS), self._sound(), random.randbytes(2)))
        if how == "prepend":
            return random.choice(FILLINGS) + content
        end = random.randint(place, len(content))
        return content[:end] + content[place:]


def lessened(content: bytes, still: Callable[[bytes], bool]) -> bytes:
    """Return the content with as much taken out as leaves it one of which ``still`` holds: large pieces first, then ever smaller ones."""
    size = len(content) // 2
    while size:
        place = 0
        while place < len(content):
            shorter = content[:place] + content[place + size :]
            if still(shorter):
                content = shorter
            else:
                place += 1 if size <= SMALL else size // 4
        size = size // 2 if size > SMALL else size - 1
    return content
