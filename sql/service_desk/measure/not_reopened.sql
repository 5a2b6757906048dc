-- Incidents that were never opened again, out of all resolved.
select team_id, member_id, count(*) filter (where reopen_count = 0) as numerator, count(*) as denominator, 0 as work_points
from incidents
group by team_id, member_id
