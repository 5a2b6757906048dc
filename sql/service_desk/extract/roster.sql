-- One row a resolver: for the whole month a member of the group for which they resolved most incidents (tie: the group
-- name that sorts first). The log has no roster of its own.
with resolved as (
    select resolved_by as member_id, assignment_group as team_id, count(*) as incidents
    from service_desk_incidents
    where assignment_group <> '?'
        and resolved_by <> '?'
        and try_strptime(resolved_at, '%d/%m/%Y %H:%M') >= :period_start
        and try_strptime(resolved_at, '%d/%m/%Y %H:%M') < :period_end
    group by resolved_by, assignment_group
)
select
    member_id,
    team_id,
    cast(cast(:period_start as timestamp) as date) as valid_from,
    cast(null as date) as valid_to
from resolved
qualify row_number() over (partition by member_id order by incidents desc, team_id) = 1
