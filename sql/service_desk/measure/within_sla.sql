-- Incidents resolved within the agreed time, out of all resolved.
select team_id, member_id, count(*) filter (where made_sla) as numerator, count(*) as denominator, 0 as work_points
from incidents
group by team_id, member_id
