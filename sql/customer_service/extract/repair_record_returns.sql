-- One row a repair record to be returned; it belongs to the month of due_at. returned_at is null where it is still out.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Records without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, team_id, member_id, due_at, returned_at
from repair_record_returns
where (due_at >= :scan_start and due_at < :scan_end)
    or due_at is null
    or cast(due_at as text) not like '20__-__-__%'
