"""A result slip a member and month: how the grade came about, from the records to the grade, to be checked by hand. R11."""
