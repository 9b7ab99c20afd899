"""The sample models: data set, examples, training, and how well a served model does.

Needs the extra `[train]`.
"""
