#!/usr/bin/env python3
"""Compares `eseutil export` with independent readers on every clean database of the corpus.

Usage: compare.py --eseutil PATH --corpus FOLDER [--database PATH]... [--changed FOLDER] [--only TEXT] [--ours dump]

For each database and table: the same columns, the same rows in the same order, the same values. A difference is accepted only when
the reader's fault is one that is named here and *proven* for that value: read with the fault mended (dissect.esedb), or by the value's
own stored form with a second reader agreeing with us (pyesedb). Everything accepted is counted and printed. Exit code 1 on any
difference that no named fault explains. `--ours dump` puts the original engine's dumps in eseutil's place: a test of this program.
"""

import argparse
import collections
import gzip
import itertools
import multiprocessing
import pathlib
import sys
import tempfile
import time

import dissect_reader
import dump
import export
import impacket_reader
import pyesedb_reader
import values
from values import Unreadable

CLEAN_SHUTDOWN = 3
STATE_OFFSET = 52  # spec 01 §4: dbstate
SIGNATURE = bytes.fromhex("efcdab89")
SHOWN_MAX = 40
ENDINGS = (".edb", ".dat", ".mdb")

FAULTS = {
    "dissect.esedb": dissect_reader.FAULTS | {"template": "does not know derived tables"},
    "pyesedb": pyesedb_reader.FAULTS | {
        "unsupported": "does not know column type 18 (UnsignedLongLong), nor records with offsets beyond 0x3FFF",
        "template": "does not read records of derived tables",
        "missing rows": "misses records that the other readers and the engine list",
    },
    "original engine": dump.FAULTS,
    "dates": {},
    "impacket": impacket_reader.FAULTS,
}


class Tally:
    """What was compared with one reader, and how it came out."""

    def __init__(self, name):
        self.name = name
        self.databases = self.tables = self.rows = self.equal = self.null = self.failed = 0
        self.accepted = collections.Counter()
        self.quiet = False

    def add(self, other):
        self.databases += other.databases
        self.tables += other.tables
        self.rows += other.rows
        self.equal += other.equal
        self.null += other.null
        self.failed += other.failed
        self.accepted.update(other.accepted)

    def fail(self, where, what):
        self.failed += 1
        if self.failed <= SHOWN_MAX and not self.quiet:
            print(f"  DIFFERENT {self.name}: {where}: {what}")

    def report(self):
        print(f"{self.name}: {self.databases} databases, {self.tables} tables, {self.rows} rows: {self.equal} values equal, {self.null} NULL in both, {sum(self.accepted.values())} differences explained, {self.failed} not")
        for fault, count in sorted(self.accepted.items()):
            print(f"    {count:8} {fault}: {FAULTS[self.name][fault]}")


class OursFromDump:
    """The engine's dump in the place of `eseutil export`."""

    def __init__(self, paths):
        self.dump = dump.Dump(paths)

    def tables(self):
        return self.dump.tables()

    def rows(self, table, columns):
        for record in self.dump.rows(table):
            yield {column[0]: found for column in self.dump.columns(table) if (found := self.dump.value(record, column))}


def databases(corpus):
    """(name without .gz, path) of each file that is a cleanly shut down database."""
    for path in sorted(corpus.rglob("*")):
        name = str(path.relative_to(corpus)).removesuffix(".gz")
        if path.is_file() and name.lower().endswith(ENDINGS):
            with (gzip.open(path) if path.suffix == ".gz" else open(path, "rb")) as file:
                head = file.read(256)
            if head[4:8] == SIGNATURE and int.from_bytes(head[STATE_OFFSET:STATE_OFFSET + 4], "little") == CLEAN_SHUTDOWN:
                yield name, path


def unpacked(path, folder):
    """The path of a database that is not compressed, in `folder` if need be."""
    if path.suffix != ".gz":
        return path
    plain = pathlib.Path(folder) / path.stem
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


def shown(value):
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} characters)"


def same(columns_type, left, right):
    return len(left) == len(right) and all(values.same(columns_type, a, b) for a, b in zip(left, right, strict=True))


def compare_row(tally, where, reader, row, columns, ours, default_of):
    """Compares one row column by column."""
    for column in columns:
        name, _, coltyp, _ = column
        mine = ours.get(name, [])
        if any(isinstance(item, dump.Digest) for item in mine):
            continue
        if not reader.knows(row, name):
            # the engine adds system columns that this file's catalog has not got yet
            if mine:
                tally.fail(f"{where}.{name}", f"a column unknown there, ours {shown(mine)}")
            continue
        try:
            theirs = reader.value(row, column)
        except Unreadable as why:
            fault = str(why)
            if fault not in FAULTS[tally.name]:
                fault = explain(reader, row, column, mine, default_of)
            if fault is None:
                tally.fail(f"{where}.{name}", f"not readable there ({why}), ours {shown(mine)}")
            else:
                tally.accepted[fault] += 1
            continue
        if same(coltyp, mine, theirs):
            tally.equal += bool(mine)
            tally.null += not mine
            continue
        fault = explain(reader, row, column, mine, default_of)
        if fault is None:
            tally.fail(f"{where}.{name}", f"ours {shown(mine)}, theirs {shown(theirs)}")
        else:
            tally.accepted[fault] += 1


def explain(reader, row, column, mine, default_of):
    if reader.name == "pyesedb":
        return reader.explain(row, column, mine, default_of(column))
    return reader.explain(row, column, mine)


def compare_table(tally, reader, database, table, columns, ours, default_of):
    """All rows of one table, in order."""
    theirs = reader.rows(table)
    for number, (mine, row) in enumerate(itertools.zip_longest(ours.rows(table, columns), theirs)):
        where = f"{database} {table}[{number}]"
        if mine is None or row is None:
            tally.fail(where, "a row only there" if mine is None else "a row only in ours")
            return
        tally.rows += 1
        compare_row(tally, where, reader, row, columns, mine, default_of)
    tally.tables += 1


def compare_table_with_gaps(tally, reader, database, table, columns, ours, default_of):
    """All rows that pyesedb has, each found among ours in order; the rows and records it misses are counted."""
    mine = ours.rows(table, columns)
    try:
        for row in reader.rows(table):
            for candidate in mine:
                if compare_if_same(tally, reader, row, columns, candidate, default_of):
                    break
                tally.accepted["missing rows"] += 1
            else:
                tally.fail(f"{database} {table}", "has a row that is not among ours")
                return
    except Unreadable as why:
        fault = "unsupported" if "unsupported column type" in str(why) or "tagged data type offset" in str(why) else None
        if fault is None:
            tally.fail(f"{database} {table}", str(why))
        else:
            tally.accepted[fault] += 1
        return
    tally.accepted["missing rows"] += sum(1 for _ in mine)
    tally.tables += 1


def compare_if_same(tally, reader, row, columns, candidate, default_of):
    """Compares the row with this candidate, and counts that only if they are the same row."""
    trial = Tally(reader.name)
    trial.quiet = True
    compare_row(trial, "", reader, row, columns, candidate, default_of)
    if trial.failed:
        return False
    tally.rows += 1
    tally.add(trial)
    return True


def compare_dates(tally, where, pairs):
    """RFC 3339 beside the stored doubles."""
    tally.tables += 1
    for days, text in pairs:
        if values.is_the_date(text, days):
            tally.equal += 1
        else:
            tally.fail(where, f"{days!r} exported as {text!r}")


def compare_database(name, path, ours, dumps, tallies, separated_every=1, original=None):
    """One database through all readers. The schema is the engine's where a dump has it, else dissect.esedb's."""
    dissected = dissect_reader.Database(path)
    reference = dump.Dump(dumps) if dumps else None
    other = pyesedb_reader.Database(path, separated_every)
    listed = ours.tables()

    def schema(table):
        if reference and table in reference.schemas:
            return reference.columns(table)
        return dissected.columns(table)

    def default_of(table):
        def of(column):
            target = dissected.database.table(table)._column_name_map.get(column[0])
            stored = target.record.get("DefaultValue") if target is not None and target.record else None
            return None if stored is None else values.from_bytes(column[2], column[3], stored)
        return of

    for reader, tally in ((dissected, tallies[0]), (other, tallies[1]), (reference, tallies[2])):
        if reader is None:
            continue
        tally.databases += 1
        expected = set(reader.tables())
        if reader is reference or isinstance(ours, OursFromDump):
            missing = expected - set(listed) if reader is reference else set()
        else:
            missing = expected ^ set(listed)
        if reader is dissected:
            gone = missing & dissected.deleted_tables() - set(listed)
            tally.accepted["deleted"] += len(gone)
            missing -= gone
        if missing:
            tally.fail(name, f"tables only on one side: {sorted(missing)}")
        for table in reader.tables():
            if table not in listed:
                continue
            columns = schema(table)
            template = dissected.database.table(table).record.get("TemplateTable")
            if reader is not reference and template:
                tally.accepted["template"] += 1
            elif reader is other:
                compare_table_with_gaps(tally, reader, name, table, columns, ours, default_of(table))
            else:
                compare_table(tally, reader, name, table, columns, ours, default_of(table))
    if isinstance(ours, export.Export):
        for table in listed:
            compare_dates(tallies[3], f"{name} {table}", ours.dates(table, schema(table)))
    if original is not None:
        impacket_reader.compare_changed(tallies[4], name, path, ours, schema, original)
    elif reference is None:
        # Databases that this project wrote: one more reader, which knows less.
        impacket_reader.compare_database(tallies[4], name, path, ours, schema)
    tallies[0].accepted["deleted"] += dissected.deleted_nodes
    dissected.close()
    other.close()


def new_tallies():
    """One for each reader."""
    return [Tally("dissect.esedb"), Tally("pyesedb"), Tally("original engine"), Tally("dates"), Tally("impacket")]


class Comparison:
    """One database to be compared: `original` is what it was before we changed it, `is_beside` says that the corpus has no dump of it."""

    def __init__(self, name, path, original, is_beside, arguments):
        self.name = name
        self.path = path
        self.original = original
        self.is_beside = is_beside
        self.arguments = arguments

    def made(self):
        """The tallies of this database alone, after its line was printed."""
        begun, tallies = time.monotonic(), new_tallies()
        dumps = [] if self.is_beside else dump.dumps_of(self.arguments.corpus, self.name)
        with tempfile.TemporaryDirectory() as folder:
            path = unpacked(self.path, folder)
            original = None
            if self.original is not None:

                def original():
                    plain = unpacked(self.original, folder)
                    return plain, export.Export(self.arguments.eseutil, plain)
            ours = OursFromDump(dumps) if self.arguments.ours == "dump" else export.Export(self.arguments.eseutil, path)
            try:
                compare_database(self.name, path, ours, dumps, tallies, self.arguments.separated_every, original)
            except Exception as error:  # noqa: BLE001 - one database must not hide the others
                tallies[0].fail(self.name, f"{type(error).__name__}: {error}")
        failed = sum(tally.failed for tally in tallies)
        print(f"{'ok' if failed == 0 else 'NOT'} {self.name} in {time.monotonic() - begun:.1f} s{'' if dumps else ' (no dump of the engine)'}", flush=True)
        return tallies


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--eseutil", type=pathlib.Path)
    parser.add_argument("--corpus", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--database", type=pathlib.Path, action="append", default=[], help="a database beside the corpus")
    parser.add_argument("--beside-only", action="store_true", help="leave the corpus' own databases out")
    parser.add_argument("--changed", type=pathlib.Path, help="a folder of databases of the corpus that we changed (example change_databases)")
    parser.add_argument("--separated-every", type=int, default=1, help="ask pyesedb, which is slow at them, for one separated value in so many")
    parser.add_argument("--ours", choices=["export", "dump"], default="export")
    arguments = parser.parse_args()
    beside = [(str(path), path) for path in arguments.database]
    originals = {}
    if arguments.changed:
        # The example puts each into a folder of its own and calls it by its path in the corpus.
        flat = {name.replace("/", "-"): path for name, path in databases(arguments.corpus)}
        for path in sorted(arguments.changed.glob("*/*")):
            if path.name in flat:
                originals[path] = flat[path.name]
                beside.append((f"changed {path.name}", path))
        if not originals:
            raise SystemExit(f"no changed database of the corpus in {arguments.changed}")
    corpus = databases(arguments.corpus) if not arguments.beside_only else []
    wanted = [
        Comparison(name, path, originals.get(path), (name, path) in beside, arguments)
        for name, path in itertools.chain(corpus, beside)
        if arguments.only in name
    ]
    tallies = new_tallies()
    # One process a core: the readers are Python, and the databases have nothing to do with each other. The largest begin first.
    wanted.sort(key=lambda comparison: comparison.path.stat().st_size, reverse=True)
    with multiprocessing.Pool() as processes:
        for compared in processes.imap_unordered(Comparison.made, wanted):
            for tally, more in zip(tallies, compared):
                tally.add(more)
    for tally in tallies:
        tally.report()
    failed = sum(tally.failed for tally in tallies)
    print(f"readers: {sum(tally.equal for tally in tallies)} passed, {failed} failed")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
