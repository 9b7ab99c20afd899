"""`python -m tessera`: export a trained model, train a sample model, evaluate a served one."""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

ARCHITECTURES = ("lstm", "transformer")
SEED_MAX = (1 << 32) - 1
"""What every generator of random numbers takes."""


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="python -m tessera", description=__doc__)
    main.add_argument("--version", dest="release", action="store_true", help="print the release")
    verbs = main.add_subparsers(dest="verb", metavar="VERB")
    train = verbs.add_parser(
        "train", help="train on campaigns before a cut and export a model folder"
    )
    evaluate = verbs.add_parser(
        "evaluate", help="score the pairs after the cut through a server, print one JSON object"
    )
    add_export(verbs)
    for verb in (train, evaluate):
        verb.add_argument("--data", type=Path, required=True, help="folder of the data set's CSVs")
        verb.add_argument(
            "--cut", required=True, help="YYYY-MM-DD: campaigns that start earlier are trained on"
        )
        verb.add_argument("--seed", type=int, default=1, help="default 1")
    train.add_argument("--arch", choices=ARCHITECTURES, required=True)
    train.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    train.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    train.add_argument("--epochs", type=int, default=10, help="at most, default 10")
    evaluate.add_argument("--server", required=True, metavar="HOST:PORT")
    evaluate.add_argument("--model", required=True, help="the model's name on the server")
    evaluate.add_argument("--alias", default="production", help="default production")
    evaluate.add_argument("--version", type=int, default=0, help="exactly this version, no alias")
    evaluate.add_argument(
        "--reference", metavar="MODEL", help="another served model to compare probabilities with"
    )
    evaluate.add_argument("--reference-version", type=int, default=0)
    evaluate.add_argument(
        "--keras", type=Path, metavar="DIR", help="exported folder to score in Keras beside"
    )
    return main


def add_export(verbs: Any) -> None:
    export = verbs.add_parser("export", help="make a model folder of a saved Keras model")
    export.add_argument("model", type=Path, help="a .keras or .h5 file")
    export.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    export.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=AXIS",
        help="user, event or coupon: the axis of an input; else its shape tells",
    )
    export.add_argument(
        "--output", action="append", metavar="NAME", help="names of the outputs, in their order"
    )
    export.add_argument("--events", type=int, help="most events of a user, where the model is open")
    export.add_argument("--coupons", type=int, help="most coupons of a user, likewise")
    export.add_argument(
        "--golden", type=int, default=200, help="users scored by Keras beside it, default 200"
    )
    export.add_argument("--name", help="the model's name, default that of Keras")
    export.add_argument("--dtype", choices=("float32", "float16"), default="float32")
    export.add_argument("--seed", type=int, default=1, help="of invented requests, default 1")


def run_export(arguments: argparse.Namespace) -> str:
    """Writes the folder and returns what is told of it."""
    import tessera
    from tessera.training.errors import ArgumentError

    check_out(arguments.out)
    if not arguments.model.is_file():
        raise ArgumentError(f"{arguments.model} is not a file")
    axes = {}
    for text in arguments.input:
        name, equals, axis = text.rpartition("=")
        if not equals:
            raise ArgumentError(f"--input {text}: not NAME=AXIS")
        axes[name] = axis
    limits = {"events": arguments.events, "coupons": arguments.coupons}
    exported = tessera.export(
        arguments.model,
        arguments.out,
        inputs=axes,
        outputs=arguments.output,
        limits={axis: count for axis, count in limits.items() if count is not None},
        golden=arguments.golden,
        name=arguments.name,
        dtype=arguments.dtype,
        seed=arguments.seed,
    )
    return str(exported)


def run(arguments: argparse.Namespace) -> str:
    """Runs one verb and returns what it prints."""
    from tessera.training.errors import ArgumentError

    if not 0 <= arguments.seed <= SEED_MAX:
        raise ArgumentError(f"--seed {arguments.seed}: not 0…{SEED_MAX}")
    if arguments.verb == "export":
        return run_export(arguments)
    return json.dumps(run_training(arguments), indent=1, allow_nan=False)


def run_training(arguments: argparse.Namespace) -> dict:
    """Trains, or evaluates, and returns the figures."""
    from tessera.training.errors import ArgumentError
    from tessera.training.evaluate import Target, evaluate, parse_server

    if arguments.verb == "train":
        check_out(arguments.out)
        if arguments.epochs < 1:
            raise ArgumentError(f"--epochs {arguments.epochs}: at least 1")
        check_data(arguments)
        from tessera.training.sample import train_and_export

        return train_and_export(
            arguments.data,
            arguments.cut,
            arguments.arch,
            arguments.out,
            arguments.dtype,
            arguments.seed,
            arguments.epochs,
        )
    host, port = parse_server(arguments.server)
    check_data(arguments)
    target = Target(host, port, arguments.model, arguments.alias, arguments.version)
    reference = None
    if arguments.reference or arguments.reference_version:
        name = arguments.reference or arguments.model
        reference = Target(host, port, name, "production", arguments.reference_version)
    return evaluate(
        arguments.data, arguments.cut, target, reference, arguments.keras, arguments.seed
    )


def check_data(arguments: argparse.Namespace) -> None:
    """Refuses a wrong folder or date before TensorFlow is loaded, which takes seconds."""
    from tessera.training.dataset import check_folder, parse_cut

    parse_cut(arguments.cut)
    check_folder(arguments.data)


def check_out(folder: Path) -> None:
    from tessera.training.errors import ArgumentError

    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"--out {folder} is a file; give a folder")


def main(words: list[str] | None = None) -> int:
    """Returns the exit code: 0, 1 for a failure, 2 for wrong arguments."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Idle threads of the boosted trees sleep: spinning is very slow beside other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    arguments = parser().parse_args(words)
    if arguments.release:
        print(version("tessera"))
        return 0
    if arguments.verb is None:
        parser().print_help()
        return 0
    from tessera.client import ConnectionClosed, ServerError, WireError
    from tessera.json_files import JSONFileError
    from tessera.models.errors import UnsupportedModelError
    from tessera.models.export import ModelFolderError
    from tessera.training.errors import ArgumentError, DataError

    try:
        print(run(arguments))
        return 0
    except ArgumentError as error:
        print(f"tessera: {error}", file=sys.stderr)
        return 2
    except (DataError, JSONFileError, ModelFolderError, UnsupportedModelError) as error:
        print(f"tessera: {error}", file=sys.stderr)
        return 1
    except (ServerError, ConnectionClosed, WireError, OSError) as error:
        place = f" ({arguments.server})" if arguments.verb == "evaluate" else ""
        print(f"tessera: {error}{place}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"tessera: {error}; install the extra: pip install 'tessera[train]'", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
