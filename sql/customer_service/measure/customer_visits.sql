-- Visits, whatever their length. One row a team and member. work_points: the tariff of a visit for each.
select
    team_id,
    member_id,
    count(*) as numerator,
    count(*) as denominator,
    count(*) * :tariff_visit as work_points
from customer_visits
group by team_id, member_id
