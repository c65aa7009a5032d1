"""The rules of `zdr check`: one module, one rule, one id; the module's docstring is the rule's page."""
