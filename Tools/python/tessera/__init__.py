"""Tessera in Python: `client`, `models`, `training`; `measures` are the figures that both print.

`export` makes a model folder of a trained model. Importing this loads none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from tessera.models.importers import Exported


def export(
    model: Any,
    folder: str | PathLike[str],
    *,
    inputs: Mapping[str, str] | None = None,
    outputs: Sequence[str] | None = None,
    limits: Mapping[str, int] | None = None,
    golden: int = 200,
    name: str | None = None,
    dtype: str = "float32",
    seed: int = 1,
) -> Exported:
    """Writes a folder that `tessera-registry import` takes; the server scores as the model does.

    `model`: a keras.Model (Sequential or functional), or the path of a `.keras` or `.h5` file.
    `inputs`: input → `user`, `event` or `coupon`; without it, ids (rows,) and vectors
    (rows, width) are events, everything else is the user's. `outputs`: names in the model's order.
    `limits`: `{"events": …, "coupons": …}` where the model leaves lengths open. `golden`: users
    whose scores by the model itself are written beside it. `dtype`: of the weights, `float32` or
    `float16`. `seed`: of the invented requests.

    Raises UnsupportedModelError (`tessera.models.errors`) with everything that the server does
    not run, ModelFolderError for names, limits and weights that the import would refuse, and
    TypeError for what is no model.
    """
    from pathlib import Path

    from tessera.models import importers

    return importers.export(
        model,
        Path(folder),
        dict(inputs or {}),
        None if outputs is None else list(outputs),
        dict(limits or {}),
        golden,
        name,
        dtype,
        seed,
    )
