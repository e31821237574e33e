"""What applying a difference does to a node, as rows with their sources: data, no decisions (:mod:`talospatch.planning.effects`)."""
