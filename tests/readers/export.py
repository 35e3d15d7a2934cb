"""What `eseutil` says of a database: the side that is compared with the readers."""

import json
import subprocess

import values


class Export:
    """One database through `eseutil tables` and `eseutil export`."""

    def __init__(self, eseutil, path):
        self.eseutil, self.path = str(eseutil), str(path)

    def tables(self):
        """The names of all tables, system tables included."""
        said = json.loads(self._run("tables", self.path, "--json"))
        return [table["name"] for table in said["result"]["tables"]]

    def rows(self, table, columns):
        """Each row as {column name: [canonical values]}; NULL columns are not in it."""
        types = {name: coltyp for name, _, coltyp, _ in columns}
        for line in self._lines("export", self.path, table, "--format", "jsonl", "--raw"):
            row = {}
            for name, value in json.loads(line).items():
                if name not in types:
                    raise ValueError(f"{table}: exported a column {name!r} that the schema does not have")
                if value is None:
                    raise ValueError(f"{table}.{name}: NULL is exported instead of left out")
                row[name] = [values.from_json(types[name], item) for item in (value if isinstance(value, list) else [value])]
            yield row

    def dates(self, table, columns):
        """Each value of a DateTime column twice: the stored double, and what the export without --raw prints."""
        names = [name for name, _, coltyp, _ in columns if coltyp == values.DATE_TIME]
        if not names:
            return
        stored = self._lines("export", self.path, table, "--format", "jsonl", "--raw")
        printed = self._lines("export", self.path, table, "--format", "jsonl")
        for left, right in zip(stored, printed, strict=True):
            left, right = json.loads(left), json.loads(right)
            if list(left) != list(right):
                raise ValueError(f"{table}: --raw changes which columns a row has")
            for name in left:
                if name not in names:
                    if left[name] != right[name]:
                        raise ValueError(f"{table}.{name}: --raw changes a column that is no DateTime")
                    continue
                pair = [side[name] if isinstance(side[name], list) else [side[name]] for side in (left, right)]
                yield from zip(*pair, strict=True)

    def _run(self, *arguments):
        return subprocess.run([self.eseutil, *arguments], check=True, capture_output=True, text=True, encoding="utf-8").stdout

    def _lines(self, *arguments):
        with subprocess.Popen([self.eseutil, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
            yield from process.stdout
            errors = process.stderr.read()
        if process.returncode != 0:
            raise ValueError(f"eseutil {' '.join(arguments)}: exit code {process.returncode}: {errors.strip()}")
