"""The original engine's own reading of a database, as the corpus keeps it (data/ese/README.md)."""

import gzip
import hashlib
import json

import values


class Dump:
    """One expected*.jsonl[.gz]. Its columns list the types that the other readers leave out."""

    name = "original engine"

    def __init__(self, paths):
        self.schemas, self.records = {}, {}
        for path in paths:
            opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
            with opened as lines:
                for line in lines:
                    entry = json.loads(line)
                    if "table" in entry:
                        self.schemas[entry["table"]] = [(c["name"], c["id"], c["coltyp"], c["cp"]) for c in entry["columns"]]
                        self.records[entry["table"]] = []
                    elif "v" in entry:
                        self.records[entry["t"]].append(entry["v"])

    def close(self):
        pass

    def tables(self):
        return list(self.schemas)

    def columns(self, table):
        return self.schemas[table]

    def rows(self, table):
        return iter(self.records[table])

    def knows(self, record, name):
        return True

    def value(self, record, column):
        name, _, coltyp, codepage = column
        return [Digest(item) if isinstance(item, dict) else values.from_bytes(coltyp, codepage, bytes.fromhex(item)) for item in record.get(name, [])]

    def explain(self, record, column, ours):
        """The engine is the judge: nothing explains a difference, but a value given by its digest is compared so."""
        _, _, coltyp, codepage = column
        theirs = self.value(record, column)
        if len(theirs) != len(ours):
            return None
        for left, right in zip(theirs, ours, strict=True):
            stored = values.to_bytes(coltyp, codepage, right)
            if not (left.matches(stored) if isinstance(left, Digest) else values.same(coltyp, left, right)):
                return None
        return "digest"


class Digest:
    """A value of more than 300 bytes, of which the dump keeps length and SHA-256."""

    def __init__(self, entry):
        self.length, self.sha256 = entry["len"], entry["sha256"]

    def matches(self, stored):
        return len(stored) == self.length and hashlib.sha256(stored).hexdigest() == self.sha256


FAULTS = {"digest": "long values compared by length and SHA-256 (no fault)"}


def dumps_of(corpus, name):
    """The dump files that belong to the database `name` (path below the corpus, without .gz)."""
    if name.startswith("windows/"):
        stem = name.removeprefix("windows/").replace("/", "-")
        folder, names = corpus / "ese/windows-dumps", [f"{stem}.expected", f"{stem}.expected-sys"]
    else:
        folder = (corpus / name).parent
        if folder.parent == corpus / "ese":
            names = ["expected", "expected-sys"]
        elif folder.name == "recovered":
            folder, names = folder.parent, ["expected-crash"]
        else:  # restored, restored-NAME
            folder, names = folder.parent, [f"expected-{folder.name}"]
    candidates = [folder / f"{one}{ending}" for one in names for ending in (".jsonl.gz", ".jsonl")]
    return [path for path in candidates if path.is_file()]
