"""From a Keras 3 model to a model folder: layers become nodes, inputs become columns.

`convert` walks the model; `golden` scores invented requests with Keras itself.
"""

from tessera.models.from_keras.convert import ConvertedModel, convert, load_model
from tessera.models.from_keras.golden import write_golden
from tessera.models.from_keras.values import Fault, UnsupportedModelError

__all__ = [
    "ConvertedModel",
    "Fault",
    "UnsupportedModelError",
    "convert",
    "load_model",
    "write_golden",
]
