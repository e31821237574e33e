"""The command line: options become one cluster or library call, its result one view, and that an exit code.

What belongs here: commands, options, views (pure functions from results to text), the terminal, the demo. The only place with typer and
rich, and nothing of either is imported before :func:`main` runs. What does not: anything a script would want too; that is a library call.
"""


def main() -> None:
    """Run the command line with this process's arguments and end the process with its exit code."""
    import gc
    import sys

    # Imports make tens of thousands of objects that stay: looking through them for garbage again and again is a tenth of a short command.
    gc.set_threshold(100_000)

    try:
        from talospatch.cli import signals
        from talospatch.cli.run import run

        with signals.as_ctrl_c():
            code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command was there to notice, or after
        if sys.stderr is not None:
            sys.stderr.write("interrupted\n")
        code = 130
    sys.exit(code)
