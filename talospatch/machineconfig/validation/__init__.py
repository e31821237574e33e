"""Whether Talos would accept a config: the reference's rules as tables, by document kind, with the minors that have each of them.

Reading (YAML and types) belongs to ``machineconfig.typed``; what Talos does not check at all, such as the files of ``machine.files``, to
``patching.validation``.
"""
