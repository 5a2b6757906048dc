-- One row a team that had somebody on its roster before the month was over, or never had anybody, or has records in the
-- month all the same (a visitor's, before its own people come). Teams of later months do not change an old one.
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
    or teams.team_id in (select team_id from board_dispatches where dispatched_at >= :period_start and dispatched_at < :period_end)
    or teams.team_id in (select team_id from customer_visits where visited_at >= :period_start and visited_at < :period_end)
    or teams.team_id in (select team_id from trainings where trained_at >= :period_start and trained_at < :period_end)
    or teams.team_id in (select team_id from repairs where repaired_at >= :period_start and repaired_at < :period_end)
    or teams.team_id in (select team_id from repair_record_returns where due_at >= :period_start and due_at < :period_end)
    or teams.team_id in (select team_id from satisfaction_surveys where surveyed_at >= :period_start and surveyed_at < :period_end)
