"""The Kubernetes API, as an extra: what little of it this project needs, behind plain values.

What belongs here: finding a kubeconfig, one-off jobs pinned to a node, what admission says about them, the pods of a node. What does not:
anything about CNI or machine configuration. The client library (docs/dependencies.md) is imported when a connection is made, and nowhere
else.
"""
