-- One row a visit to a customer; it belongs to the month of visited_at.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Records without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, team_id, member_id, visited_at, minutes
from customer_visits
where (visited_at >= :scan_start and visited_at < :scan_end)
    or visited_at is null
    or cast(visited_at as text) not like '20__-__-__%'
