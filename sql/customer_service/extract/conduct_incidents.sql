-- One row a conduct incident; it belongs to the month of occurred_at.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Incidents without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, member_id, occurred_at, category, note
from conduct_incidents
where (occurred_at >= :scan_start and occurred_at < :scan_end)
    or occurred_at is null
    or cast(occurred_at as text) not like '20__-__-__%'
