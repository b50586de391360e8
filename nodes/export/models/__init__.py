"""What can be exported: for each subject a module of its name with `exportable(container, path, evidence)`.

The others are what formats make models with.
"""
