"""Talking to Talos nodes: one call, one node, one deadline.

What belongs here: finding and reading a talosconfig, the identity in it, dialling, the TLS bridge under gRPC, the typed client and the
translation of its errors. What does not: anything about several nodes at once, and any decision about what to change on them.
"""
