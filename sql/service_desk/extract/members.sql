-- One row a person who resolved an incident in the month.
select distinct
    resolved_by as member_id,
    resolved_by as member_name
from service_desk_incidents
where assignment_group <> '?'
    and resolved_by <> '?'
    and try_strptime(resolved_at, '%d/%m/%Y %H:%M') >= :period_start
    and try_strptime(resolved_at, '%d/%m/%Y %H:%M') < :period_end
