-- One row an answered survey; it belongs to the month of surveyed_at.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Records without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, team_id, member_id, surveyed_at, score
from satisfaction_surveys
where (surveyed_at >= :scan_start and surveyed_at < :scan_end)
    or surveyed_at is null
    or cast(surveyed_at as text) not like '20__-__-__%'
