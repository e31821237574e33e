"""``python -m talospatch`` is the same as ``talospatch``."""

from talospatch.cli import main

if __name__ == "__main__":
    main()
