-- One row a dispatch of boards; it belongs to the month of dispatched_at.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Records without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, team_id, member_id, dispatched_at, boards
from board_dispatches
where (dispatched_at >= :scan_start and dispatched_at < :scan_end)
    or dispatched_at is null
    or cast(dispatched_at as text) not like '20__-__-__%'
