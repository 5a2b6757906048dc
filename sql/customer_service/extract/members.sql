-- One row a member who was on a roster before the month was over, or who evaluates a team that had one by then, or never.
-- Who is hired later does not change an old month.
select member_id, member_name, email
from members
where member_id is null
    or exists (
        select 1
        from roster
        where roster.member_id = members.member_id
            and roster.valid_from < :period_end
    )
    or member_id in (
        select teams.evaluator_id
        from teams
        left join (
            select team_id, min(valid_from) as first_roster_day
            from roster
            group by team_id
        ) firsts on firsts.team_id = teams.team_id
        where firsts.first_roster_day is null
            or firsts.first_roster_day < :period_end
    )
