-- People trained. One row a team and member. work_points: the tariff of a trainee for each.
select
    team_id,
    member_id,
    sum(trainees) as numerator,
    count(*) as denominator,
    sum(trainees) * :tariff_trainee as work_points
from trainings
group by team_id, member_id
