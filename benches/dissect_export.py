#!/usr/bin/env python3
"""Exports tables as JSON lines with dissect.esedb, the way `eseutil export` does: dissect_export.py DATABASE [TABLE]."""

import json
import sys

from dissect.esedb import EseDB


def plain(value):
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def main():
    with open(sys.argv[1], "rb") as file:
        database = EseDB(file)
        tables = [database.table(sys.argv[2])] if len(sys.argv) > 2 else database.tables()
        for table in tables:
            for record in table.records():
                row = {name: plain(value) for name, value in record.as_dict().items() if value is not None}
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


main()
