"""From the outside world to measures: extract, freeze, validate, measure."""
