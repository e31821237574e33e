"""The typed engine: a config as Talos's own types hold it, merged, cut and written as one Talos minor does.

Belongs here: reading a tree of YAML into typed values, merging and deleting in them, and writing them the one way in which the reference
writes. Does not belong here: what a user would rather have (declarative patching), keeping a file's own style, files and nodes.
"""
