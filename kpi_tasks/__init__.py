"""Monthly appraisal of service teams and members: service records in, explainable grades out."""

__version__ = "0.1.0"
