-- Incidents resolved; each earns its work points, an urgent one earns more under urgent_resolved.
select team_id, member_id, count(*) as numerator, count(*) as denominator, count(*) * :tariff_incident as work_points
from incidents
group by team_id, member_id
