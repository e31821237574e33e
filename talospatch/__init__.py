"""Change the machine configuration of every Talos Linux node in a fleet, safely."""

__version__ = "0.1.0"
