-- Products repaired. One row a team and member. work_points: the tariff of a product for each.
select
    team_id,
    member_id,
    sum(products) as numerator,
    count(*) as denominator,
    sum(products) * :tariff_product as work_points
from repairs
group by team_id, member_id
