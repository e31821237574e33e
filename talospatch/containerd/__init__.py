"""Containerd's drop-in on Talos: reading and merging TOML fragments, and which part of a machine config carries them.

What belongs here: the rules of ``/etc/cri/conf.d`` by Talos version, the metrics intent, and what must be seen on a node afterwards. What
does not: editing YAML (``patching``) and asking a node (``talosapi``).
"""
