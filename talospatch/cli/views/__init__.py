"""Results as text, plain values and Markdown: pure functions, one module for each kind of result.

What belongs here: which words, columns and groups show a result. What does not: streams, terminals and anything that decides.
"""
