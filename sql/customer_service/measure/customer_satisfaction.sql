-- Scores of the surveys over their number: the mean score. One row a team and member.
-- work_points: the tariff of a survey for each answered.
select
    team_id,
    member_id,
    sum(score) as numerator,
    count(*) as denominator,
    count(*) * :tariff_survey as work_points
from satisfaction_surveys
group by team_id, member_id
