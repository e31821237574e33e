"""One module for each command: options → one library call → one view → exit code. What does not belong here: layout and decisions."""
