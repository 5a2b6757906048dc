-- Whole minutes from opening to resolution; the scheme's numerator_divisor of 60 turns them into exact hours.
select
    team_id,
    member_id,
    sum(date_diff('minute', opened_at, resolved_at)) as numerator,
    count(*) as denominator,
    0 as work_points
from incidents
group by team_id, member_id
