"""CEL as far as checking goes: whether an expression parses, whether its names and types exist, and of which type it is.

Nothing is evaluated. Source: the CEL language definition, and cel-go's type checker where the definition leaves room.
"""
