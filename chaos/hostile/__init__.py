"""Ask everything for everything, wrongly: no answer may be a 500, and none another company's."""
