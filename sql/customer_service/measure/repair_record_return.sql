-- Repair records returned on time (the moment they are due still counts) out of those due; one never returned is late.
-- One row a team and member. work_points: the tariff of a record for each returned on time.
select
    team_id,
    member_id,
    count(case when returned_at <= due_at then 1 end) as numerator,
    count(*) as denominator,
    count(case when returned_at <= due_at then 1 end) * :tariff_record as work_points
from repair_record_returns
group by team_id, member_id
