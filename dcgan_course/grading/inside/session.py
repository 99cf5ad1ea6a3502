"""The namespace in which a submission's cells run, and what is put back before a test cell."""

import builtins


class Session:
    """Keeps a submission's accidents with names from deciding about its tests.

    Args:
        namespace: a dictionary, in which the cells run.
    """

    def __init__(self, namespace):
        self.namespace = namespace
        self._given = {}
        self._kept = {}

    def after_given_cell(self, before):
        """Note the names that one of the given cells, such as the imports, has defined.

        Args:
            before: the namespace's items from before the cell, a dictionary.
        """
        for name, value in self.namespace.items():
            if not name.startswith("_") and before.get(name, self) is not value:
                self._given[name] = value

    def before_test(self):
        """Put back the given names, and builtins that the submission has overwritten."""
        overwritten = set(self.namespace) & set(vars(builtins))
        for name in overwritten:
            if not name.startswith("_"):
                self.namespace[name] = getattr(builtins, name)
        self.namespace.update(self._given)

    def keep(self, key):
        """Remember the namespace as it is at a test cell."""
        self._kept[key] = dict(self.namespace)

    def bring_back(self, key):
        """Make the namespace again what it was at a test cell."""
        kept = self._kept[key]
        for name in set(self.namespace) - set(kept):
            if not name.startswith("_"):
                del self.namespace[name]
        self.namespace.update(kept)
