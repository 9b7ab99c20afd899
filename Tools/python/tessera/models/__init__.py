"""Models as the server runs them: description, transforms, Keras graph, export, recorded requests.

Start with a description (`Registry/MODEL.md`) and train the `KerasGraph` that is built from it:
what is trained is then node for node what is served.
"""
