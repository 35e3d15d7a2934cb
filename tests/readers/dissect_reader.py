"""Databases through dissect.esedb, and through dissect.esedb with one known fault mended at a time.

A value that differs from ours is read again with each fault mended; it is explained only when the mended reading gives our value.
The faults (spec 03 §11.4, spec 04 §0, and what the corpus showed):
"""

import struct
import uuid

from dissect.esedb import EseDB, compression
from dissect.esedb.btree import BTree
from dissect.esedb.c_esedb import TAGFLD_HEADER
from dissect.esedb.exceptions import NoNeighbourPageError
from dissect.esedb.record import Record

import values
from values import Unreadable

DELETED = 0x2
TABLE_ROW = 1

FAULTS = {
    "deleted": "lists nodes that carry the deleted flag (left out here)",
    "chunk": "guesses the compression of a long value's third and later chunks from their first byte",
    "trailing": "strips trailing NULs from text and pads odd lengths",
    "offset": "adds up fixed columns' sizes, missing the slots of deleted columns",
    "default": "takes no zero-length default, and no default for a column added after the record",
    "explicit null": "raises an error at a tagged column's explicit NULL",
}


class Database:
    name = "dissect.esedb"

    def __init__(self, path):
        self.file = open(path, "rb")
        self.database = EseDB(self.file)
        self.deleted_nodes = 0

    def close(self):
        self.file.close()

    def tables(self):
        return [table.name for table in self.database.tables()]

    def deleted_tables(self):
        """Names of the tables whose catalog row carries the deleted flag."""
        catalog = self.database.catalog._ctable
        deleted = (Record(catalog, node) for node in catalog.root.iter_leaf_nodes() if int(node.tag.flags) & DELETED)
        return {row.get("Name") for row in deleted if row.get("Type") == TABLE_ROW}

    def columns(self, table):
        """(name, FID, type, code page) of each column, in the order of their FIDs."""
        found = []
        for column in self.database.table(table).columns:
            codepage = column.record.get("PagesOrLocale") if column.record and column.is_text else 0
            found.append((column.name, column.identifier, column.type.value, codepage))
        return sorted(found, key=lambda column: column[1])

    def rows(self, table):
        table = self.database.table(table)
        for node in table.root.iter_leaf_nodes():
            if int(node.tag.flags) & DELETED:
                self.deleted_nodes += 1
                continue
            yield Record(table, node)

    def knows(self, record, name):
        return name in record._table._column_name_map

    def value(self, record, column):
        """The column's values as a list in itag order; [] for NULL."""
        name, _, coltyp, _ = column
        try:
            found = record._data.get(record._table.column(name), False, errors="replace")
        except (Exception,) as error:  # whatever a foreign reader trips over is its answer
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        if found is None:
            return []
        return [canonical(coltyp, item) for item in (found if isinstance(found, list) else [found])]

    def explain(self, record, column, ours):
        """The name of the fault that, mended, makes this value ours."""
        name, fid, coltyp, codepage = column
        if fid > 255 and not ours:
            place = record._data._find_tag_field_idx(fid)
            if place is not None and record._data._get_tag_field(place).is_null:
                return "explicit null"
        for fault, mended in (("trailing", self._raw_values), ("chunk", self._raw_values), ("offset", self._at_catalog_offset), ("default", self._default)):
            try:
                found = mended(record, column)
            except Exception:
                continue
            if len(found) == len(ours) and all(values.same(coltyp, left, right) for left, right in zip(found, ours, strict=True)):
                if fault == "trailing" and self._is_separated(record, column):
                    continue
                return fault
        return None

    def _is_separated(self, record, column):
        if column[1] < 256:
            return False
        tag, _ = record._data._get_tagged(record._table.column(column[0]))
        return bool(tag and tag.flags & TAGFLD_HEADER.LongValue and int(tag.flags) & 0x0C)

    def _raw_values(self, record, column):
        """The stored bytes, long values put together by the size rule of spec 04 §3."""
        name, fid, coltyp, codepage = column
        data = record._data
        target = record._table.column(name)
        if fid < 256:
            stored = data._get_variable(target) if fid > 127 else data._get_fixed(target)
            return [] if stored is None else [values.from_bytes(coltyp, codepage, stored)]
        tag, stored = data._get_tagged(target)
        if stored is None:
            return []
        stored = bytes(stored)
        flags = int(tag.flags) if tag else 0
        if flags & int(TAGFLD_HEADER.MultiValues):
            parts = [bytes(part) for part in self._parts(stored, flags)]
            separated = [bool(int.from_bytes(stored[2 * i:2 * i + 2], "little") & 0x8000) for i in range(len(parts))] if not flags & int(TAGFLD_HEADER.TwoValues) else [False, False]
            parts = [self._long_value(record._table, part) if apart else part for part, apart in zip(parts, separated, strict=True)]
            if flags & int(TAGFLD_HEADER.Compressed):
                parts[0] = compression.decompress(parts[0])
        elif flags & int(TAGFLD_HEADER.Separated):
            parts = [self._long_value(record._table, stored)]
        elif flags & int(TAGFLD_HEADER.Compressed):
            parts = [compression.decompress(stored)]
        else:
            parts = [stored]
        return [values.from_bytes(coltyp, codepage, part) for part in parts]

    @staticmethod
    def _parts(stored, flags):
        if flags & int(TAGFLD_HEADER.TwoValues):
            return [stored[1:1 + stored[0]], stored[1 + stored[0]:]]
        count = (int.from_bytes(stored[:2], "little") & 0x7FFF) // 2
        ends = [int.from_bytes(stored[2 * i:2 * i + 2], "little") & 0x7FFF for i in range(count)] + [len(stored)]
        return [stored[ends[i]:ends[i + 1]] for i in range(count)]

    def _long_value(self, table, key):
        key = bytes(key)[::-1]
        tree = BTree(self.database, table.lv_page)
        _, size = struct.unpack("<2I", bytes(tree.search(key).data)[:8])
        chunks = {}
        while True:
            try:
                node = tree.next()
            except NoNeighbourPageError:
                break
            if not node.key.startswith(key):
                break
            chunks[struct.unpack(">I", bytes(node.key)[-4:])[0]] = bytes(node.data)
        offsets = sorted(chunks) + [size]
        whole = b""
        for offset, following in zip(offsets, offsets[1:], strict=False):
            chunk = chunks[offset]
            whole += chunk if len(chunk) == following - offset else bytes(compression.decompress(chunk))
        return whole

    def _at_catalog_offset(self, record, column):
        name, fid, coltyp, codepage = column
        if fid > 127 or fid > record._data._last_fixed_id:
            raise Unreadable("not a stored fixed column")
        target = record._table.column(name)
        if record._data._fixed_null_bitmap[(fid - 1) // 8] & (1 << ((fid - 1) % 8)):
            return []
        offset = target.record.get("RecordOffset")
        return [values.from_bytes(coltyp, codepage, record._data.data[offset:offset + target.size])]

    def _default(self, record, column):
        name, _, coltyp, codepage = column
        default = record._table.column(name).record.get("DefaultValue")
        return [] if default is None else [values.from_bytes(coltyp, codepage, default)]


def canonical(coltyp, found):
    """dissect's typed value in canonical form."""
    if isinstance(found, (bytes, memoryview)) and coltyp not in values.BINARIES:
        return values.from_bytes(coltyp, 0, found)
    if coltyp == values.BIT:
        return bool(found)
    if coltyp == values.DATE_TIME:
        return struct.pack("<q", found)
    if coltyp in values.FLOATS:
        return struct.pack(values.FLOATS[coltyp], found)
    if coltyp in values.INTEGERS:
        return int(found)
    if coltyp == values.GUID:
        return uuid.UUID(str(found))
    if coltyp in values.TEXTS:
        return str(found)
    return bytes(found)
