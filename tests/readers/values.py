"""One canonical Python form for a column value, whoever read it.

Integers are int, floats and dates the 8 or 4 stored bytes (so that NaN and -0.0 compare), binary bytes, text str, GUID uuid.UUID, Bit bool.
`from_json` takes what `eseutil export` prints, `from_bytes` what the file (or JetRetrieveColumn) holds.
"""

import datetime
import math
import struct
import uuid

BIT, UNSIGNED_BYTE, SHORT, LONG, CURRENCY, SINGLE, DOUBLE, DATE_TIME, BINARY, TEXT = range(1, 11)
LONG_BINARY, LONG_TEXT = 11, 12
UNSIGNED_LONG, LONG_LONG, GUID, UNSIGNED_SHORT, UNSIGNED_LONG_LONG = range(14, 19)

INTEGERS = {
    UNSIGNED_BYTE: "<B", SHORT: "<h", LONG: "<i", CURRENCY: "<q", UNSIGNED_LONG: "<I", LONG_LONG: "<q",
    UNSIGNED_SHORT: "<H", UNSIGNED_LONG_LONG: "<Q",
}
FLOATS = {SINGLE: "<f", DOUBLE: "<d", DATE_TIME: "<d"}
TEXTS = (TEXT, LONG_TEXT)
BINARIES = (BINARY, LONG_BINARY)
ENCODINGS = {1200: "utf-16-le", 1252: "cp1252", 20127: "ascii", 0: "cp1252"}
# How JSON, which has no such numbers, may spell them
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "inf": math.inf, "-inf": -math.inf}


class Unreadable(Exception):
    """The reader has no answer for this value (or row, or table); str() says why."""


def is_long(coltyp):
    return coltyp in (LONG_BINARY, LONG_TEXT)


def decode_text(data, codepage):
    encoding = ENCODINGS.get(codepage)
    if encoding is None:
        raise Unreadable(f"code page {codepage}")
    if encoding == "utf-16-le":
        # What is no UTF-16 (a lone surrogate, an odd last byte) is U+FFFD in JSON
        return data.decode(encoding, errors="replace")
    # Windows' 1252 maps the five holes of Python's to the C1 controls of the same number
    return "".join(bytes([byte]).decode("cp1252", errors="replace") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte) for byte in data)


def from_bytes(coltyp, codepage, data):
    data = bytes(data)
    if coltyp == BIT:
        return data != b"\0"
    if coltyp in INTEGERS:
        return struct.unpack(INTEGERS[coltyp], data)[0]
    if coltyp in FLOATS:
        if len(data) != struct.calcsize(FLOATS[coltyp]):
            raise Unreadable(f"{len(data)} bytes for a float")
        return data
    if coltyp in TEXTS:
        return decode_text(data, codepage)
    if coltyp == GUID:
        return uuid.UUID(bytes_le=data)
    return data


def to_bytes(coltyp, codepage, value):
    """The stored bytes of a canonical value: the inverse of from_bytes."""
    if coltyp == BIT:
        return b"\xff" if value else b"\0"
    if coltyp in INTEGERS:
        return struct.pack(INTEGERS[coltyp], value)
    if coltyp in TEXTS:
        if ENCODINGS[codepage] == "utf-16-le":
            return value.encode("utf-16-le", errors="surrogatepass")
        return b"".join(bytes([ord(c)]) if ord(c) < 256 and ord(c) not in range(0x80, 0xA0) or ord(c) in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else c.encode("cp1252") for c in value)
    if coltyp == GUID:
        return value.bytes_le
    return value


def from_json(coltyp, value):
    if coltyp == BIT:
        if not isinstance(value, bool):
            raise ValueError(f"Bit exported as {value!r}")
        return value
    if coltyp in INTEGERS:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"integer exported as {value!r}")
        return value
    if coltyp in FLOATS:
        number = NOT_FINITE.get(value, value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ValueError(f"float exported as {value!r}")
        return struct.pack(FLOATS[coltyp], number)
    if not isinstance(value, str):
        raise ValueError(f"column type {coltyp} exported as {value!r}")
    if coltyp in TEXTS:
        return value
    if coltyp == GUID:
        guid = uuid.UUID(value)
        if str(guid) != value.lower().strip("{}"):
            raise ValueError(f"GUID exported as {value!r}")
        return guid
    if value != value.lower():
        raise ValueError("binary exported in upper case")
    return bytes.fromhex(value)


def same(coltyp, left, right):
    """Equality, but that a NaN is a NaN: JSON keeps no payload."""
    if left == right:
        return True
    if coltyp in FLOATS and isinstance(left, bytes) and isinstance(right, bytes) and len(left) == len(right):
        numbers = [struct.unpack(FLOATS[coltyp], side)[0] for side in (left, right)]
        return all(math.isnan(number) for number in numbers)
    return False


def is_the_date(text, days):
    """Whether an exported DateTime says the OLE date `days`: to the millisecond, the time of day counted forward from any day."""
    if not isinstance(text, str):
        return text == days
    day = int(days)
    expected = datetime.datetime(1899, 12, 30) + datetime.timedelta(days=day, seconds=abs(days - day) * 86_400)
    if not text.endswith("Z") or text[10] != "T":
        return False
    return abs(datetime.datetime.fromisoformat(text[:-1]) - expected) <= datetime.timedelta(milliseconds=1)
