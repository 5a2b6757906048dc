-- One row a team that had somebody on its roster before the month was over, or never had anybody.
-- first_roster_day: the first day that anybody was on its roster, null where nobody ever was.
select teams.team_id, teams.team_name, teams.evaluator_id, firsts.first_roster_day
from teams
left join (
    select team_id, min(valid_from) as first_roster_day
    from roster
    group by team_id
) firsts on firsts.team_id = teams.team_id
where firsts.first_roster_day is null
    or firsts.first_roster_day < :period_end
