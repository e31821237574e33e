"""What goes over the wire: our own minimal .proto files, the code generated from them, and the table of methods.

What belongs here: messages, the methods with the role and version each needs, the status of a failed call, and the seam (:mod:`.transport`)
behind which calls are made. What does not: connections, certificates, or any meaning given to an answer.
"""
