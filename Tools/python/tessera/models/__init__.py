"""Models as the server runs them: description, transforms, Keras graph, export, recorded requests.

A trained model becomes a folder with `tessera.export`. Or start with a description
(`Registry/MODEL.md`) and train the `KerasGraph` that is built from it: what is trained is then node
for node what is served.
"""
