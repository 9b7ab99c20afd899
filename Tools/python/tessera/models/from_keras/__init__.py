"""From a Keras 3 model to a model folder: layers become nodes, inputs become columns.

`convert` walks the model; `golden` scores invented requests with Keras itself.
"""

from tessera.models.errors import Fault, UnsupportedModelError
from tessera.models.from_keras.convert import ConvertedModel, convert, load_model
from tessera.models.from_keras.golden import golden_requests

__all__ = [
    "ConvertedModel",
    "Fault",
    "UnsupportedModelError",
    "convert",
    "golden_requests",
    "load_model",
]
