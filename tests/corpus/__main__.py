from tests.corpus.cases import cases
from tests.corpus.parsing import judge
import sys
from collections import Counter

t = Counter()
for c in cases():
    for k in judge(c):
        t[k.name, k.right] += 1
        if not k.right:
            print(
                "MISS",
                c.source.split("/")[1],
                c.file.rpartition("/")[2],
                c.category,
                k.name,
                "| WANTED",
                repr(k.wanted)[:250],
                "| GOT",
                repr(k.got)[:350],
            )
for n in sorted({n for n, _ in t}):
    print(n, t[n, True], t[n, True] + t[n, False])
print(sum(v for (n, r), v in t.items() if r), sum(t.values()))
