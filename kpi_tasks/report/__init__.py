"""What people read: pages and charts, made from the results tables alone."""
