"""The types of each Talos minor, as ``tools/typetables`` prints them: data, a file for each, and the function that finds it. No rules."""
