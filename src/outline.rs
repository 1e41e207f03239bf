//! Block boundaries, imports and names of a Python file without a grammar, and which blocks to ask for.
