-- One row a repair; it belongs to the month of repaired_at.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Records without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, team_id, member_id, repaired_at, products
from repairs
where (repaired_at >= :scan_start and repaired_at < :scan_end)
    or repaired_at is null
    or cast(repaired_at as text) not like '20__-__-__%'
