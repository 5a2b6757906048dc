-- One row a training; it belongs to the month of trained_at.
-- The scan is some days wider than the month, for timestamps that carry an offset; the exact month is cut afterwards.
-- Records without a date, or with something else in its place, are passed on: they become faults and never vanish.
select record_id, team_id, member_id, trained_at, trainees
from trainings
where (trained_at >= :scan_start and trained_at < :scan_end)
    or trained_at is null
    or cast(trained_at as text) not like '20__-__-__%'
