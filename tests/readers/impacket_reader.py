"""Databases through impacket.ese: all rows of every table, and of each row what impacket can read.

It follows no long values, takes multi-values apart nowhere, looks at no NULL bit of a fixed column, and lists nodes that carry the
deleted flag. So each of our rows must be found among its rows, in order, with equal values wherever it has one to give.
"""

import binascii
import struct
import uuid

from impacket.ese import ESENT_DB

import values

FAULTS = {
    "deleted": "lists nodes that carry the deleted flag (left out here)",
    "separated": "does not follow a separated long value",
    "several": "does not take multi-values apart",
    "null": "does not tell NULL from a value in a fixed column",
    "original": "reads this table, or file, of another engine no better before we changed it",
}


class Database:
    name = "impacket"

    def __init__(self, path):
        self.database = ESENT_DB(str(path))

    def close(self):
        self.database.close()

    def tables(self):
        return [name.decode("cp1252") for name in self.database._ESENT_DB__tables]

    def rows(self, table):
        cursor = self.database.openTable(table.encode("cp1252"))
        # The cursor is one dictionary for the whole program: a table at a time.
        while (row := self.database.getNextRow(cursor)) is not None:
            yield row


def canonical(column, found):
    """impacket's typed value in canonical form."""
    _, _, coltyp, _ = column
    if coltyp == values.BIT:
        return bool(found)
    if coltyp in values.FLOATS:
        # it gives a date as the integer of its bytes
        return struct.pack("<Q" if isinstance(found, int) else values.FLOATS[coltyp], found)
    if coltyp in values.INTEGERS:
        # and currency without its sign, and a type it does not know (18) as the digits of its bytes
        if isinstance(found, bytes):
            return struct.unpack(values.INTEGERS[coltyp], binascii.unhexlify(found))[0]
        size = struct.calcsize(values.INTEGERS[coltyp])
        return struct.unpack(values.INTEGERS[coltyp], (found % (1 << 8 * size)).to_bytes(size, "little"))[0]
    if coltyp in values.TEXTS:
        return found
    if coltyp == values.GUID:
        return uuid.UUID(bytes_le=found)
    return binascii.unhexlify(found)


def judge(row, column, mine):
    """'equal', 'different', or the fault for which there is nothing to compare."""
    name, fid, coltyp, codepage = column
    found = row[name.encode("cp1252")]
    if len(mine) > 1:
        return "several"
    if not mine:
        # an explicit NULL of a fixed column has a slot with some bytes in it
        return "equal" if found is None else "null"
    stored = len(values.to_bytes(coltyp, codepage, mine[0]))
    if values.is_long(coltyp) and found is not None:
        held = len(found) // 2 if coltyp == values.LONG_BINARY else len(found)
        if stored > held and held <= 8:
            return "separated"
    if found is None:
        return "different"
    try:
        return "equal" if values.same(coltyp, canonical(column, found), mine[0]) else "different"
    except (ValueError, struct.error):
        return "different"


def compare_table(tally, reader, database, table, columns, ours):
    """Each of our rows among its rows, in order."""
    theirs = iter(reader.rows(table))
    for number, mine in enumerate(ours.rows(table, columns)):
        for row in theirs:
            judged = [judge(row, column, mine.get(column[0], [])) for column in columns]
            if "different" not in judged:
                break
            # a row of its own: it must be one that was deleted, since every row of ours has still to be found
            tally.accepted["deleted"] += 1
        else:
            tally.fail(f"{database} {table}[{number}]", "a row that is not among its rows")
            return
        tally.rows += 1
        for result in judged:
            if result == "equal":
                tally.equal += 1
            else:
                tally.accepted[result] += 1
    tally.accepted["deleted"] += sum(1 for _ in theirs)
    tally.tables += 1


def tried(tally, reader, name, table, columns, ours):
    """The tally of one table alone. Where impacket cannot read a record, it has failed: records with offsets beyond 0x3FFF."""
    trial = type(tally)(tally.name)
    trial.quiet = True
    try:
        compare_table(trial, reader, name, table, columns, ours)
    except Exception as why:
        trial.fail(f"{name} {table}", f"{type(why).__name__}: {why}")
    return trial


def compare_changed(tally, name, path, ours, schema, original):
    """A database of others, changed by us. What impacket cannot read of it counts only if it could before: `original()` gives
    path and export of the file as it was."""
    tally.databases += 1
    try:
        reader = Database(path)
    except Exception:
        try:
            Database(original()[0]).close()
        except Exception:
            tally.accepted["original"] += 1
            return
        raise
    for table in ours.tables():
        if table not in reader.tables():
            tally.fail(name, f"a table it does not have: {table}")
            continue
        trial = tried(tally, reader, name, table, schema(table), ours)
        if trial.failed:
            before, their_export = original()
            if tried(tally, Database(before), name, table, schema(table), their_export).failed:
                tally.accepted["original"] += 1
            else:
                compare_table(tally, reader, name, table, schema(table), ours)
        else:
            tally.add(trial)
    reader.close()


def compare_database(tally, name, path, ours, schema):
    reader = Database(path)
    tally.databases += 1
    listed = ours.tables()
    missing = set(listed) - set(reader.tables())
    if missing:
        tally.fail(name, f"tables it does not have: {sorted(missing)}")
    for table in listed:
        if table not in missing:
            compare_table(tally, reader, name, table, schema(table), ours)
    reader.close()
