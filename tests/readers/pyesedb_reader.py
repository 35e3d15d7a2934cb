"""Databases through pyesedb (libesedb). Where it errs is written in spec 04 §0 and §11.4."""

import pyesedb

import values
from values import Unreadable

FAULTS = {
    "null bitmap": "ignores the null bitmap of fixed columns and returns what the slot holds",
    "seven-bit": "does not inflate 7-bit compressed values",
    "default": "does not apply a column's default value",
    "multi-value": "gives no access to multi-valued columns",
    "empty": "cannot tell a zero-length value from NULL",
    "chunk": "guesses the compression of a long value's chunks from their first byte (dissect.esedb, mended, agrees with us)",
    "separated": "cannot inflate this separated value",
    "not asked": "is slow at separated values: it was asked for one in so many (--separated-every)",
}

COMPRESSED, MULTI_VALUE = 2, 8


class Database:
    name = "pyesedb"

    def __init__(self, path, separated_every=1):
        self.separated_every, self.separated_met = separated_every, 0
        self.database = pyesedb.file()
        self.database.open(str(path))

    def close(self):
        self.database.close()

    def tables(self):
        return [table.name for table in self.database.tables]

    def columns(self, table):
        found = [(column.name, column.identifier, column.type) for column in self._table(table).columns]
        return sorted(found, key=lambda column: column[1])

    def _table(self, name):
        return self.database.get_table_by_name(name)

    def rows(self, table):
        table = self._table(table)
        try:
            count = table.number_of_records
        except OSError as error:
            raise Unreadable(str(error)) from error
        for number in range(count):
            try:
                record = table.get_record(number)
            except OSError as error:
                raise Unreadable(str(error)) from error
            yield record, {record.get_column_name(i): i for i in range(record.number_of_values)}

    def knows(self, row, name):
        return name in row[1]

    def value(self, row, column):
        record, places = row
        name, _, coltyp, codepage = column
        if name not in places:
            return []
        place = places[name]
        if record.get_value_data_flags(place) & MULTI_VALUE:
            raise Unreadable("multi-value")
        try:
            if record.is_long_value(place):
                self.separated_met += 1
                if self.separated_met % self.separated_every:
                    raise Unreadable("not asked")
                data = record.get_value_data_as_long_value(place).get_data()
            else:
                data = record.get_value_data(place)
        except OSError as error:
            raise Unreadable("separated") from error
        if data is None:
            return []
        try:
            return [values.from_bytes(coltyp, codepage, data)]
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def explain(self, row, column, ours, default):
        """The name of the fault behind a difference; `default` is the column's, as another reader knows it."""
        record, places = row
        name, fid, coltyp, codepage = column
        if name not in places:
            return None
        place = places[name]
        flags = record.get_value_data_flags(place)
        data = None if record.is_long_value(place) else record.get_value_data(place)
        if not ours and fid < 128 and data is not None:
            return "null bitmap"
        if flags & COMPRESSED and data and data[0] >> 3 in (1, 2) and ours:
            inflated = inflate_seven_bit(data)
            if values.same(coltyp, values.from_bytes(coltyp, codepage, inflated), ours[0]):
                return "seven-bit"
        if default is not None and len(ours) == 1 and data is None and values.same(coltyp, ours[0], default):
            return "default"
        if record.is_long_value(place) and ours:
            return "chunk"
        if len(ours) == 1 and data is None and ours[0] in ("", b""):
            return "empty"
        return None


def inflate_seven_bit(data):
    """Spec 04 §4: the low three bits of the first byte are the number of bits used in the last byte, less one; low bits come first."""
    bits = (len(data) - 2) * 8 + (data[0] & 7) + 1
    packed = int.from_bytes(data[1:], "little")
    units = [(packed >> (7 * i)) & 0x7F for i in range(bits // 7)]
    wide = data[0] >> 3 == 2
    return b"".join(unit.to_bytes(2 if wide else 1, "little") for unit in units)
