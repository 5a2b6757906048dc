-- One row a group that resolved an incident in the month.
select distinct
    assignment_group as team_id,
    assignment_group as team_name,
    cast(null as varchar) as evaluator_id,
    cast(cast(:period_start as timestamp) as date) as first_roster_day
from service_desk_incidents
where assignment_group <> '?'
    and resolved_by <> '?'
    and try_strptime(resolved_at, '%d/%m/%Y %H:%M') >= :period_start
    and try_strptime(resolved_at, '%d/%m/%Y %H:%M') < :period_end
