-- Incidents of the two highest priorities; each earns work points on top of those of incidents_resolved.
select team_id, member_id, count(*) as numerator, count(*) as denominator, count(*) * :tariff_urgent as work_points
from incidents
where priority in ('1 - Critical', '2 - High')
group by team_id, member_id
