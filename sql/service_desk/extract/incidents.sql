-- One row an incident, from an export of the service desk's log (a folder with service_desk_incidents.csv).
-- The log writes dates day first, 29/2/2016 01:16, and a missing value as '?'. A date of any other form is passed on as
-- it stands, so that it becomes a named fault. An incident without group, resolver or resolution time is set aside with
-- its reason; without a resolution time it is counted in the month in which it was opened.
with log as (
    select
        number,
        nullif(assignment_group, '?') as team_id,
        nullif(resolved_by, '?') as member_id,
        nullif(resolved_at, '?') as resolved_text,
        nullif(opened_at, '?') as opened_text,
        try_strptime(nullif(resolved_at, '?'), '%d/%m/%Y %H:%M') as resolved,
        try_strptime(nullif(opened_at, '?'), '%d/%m/%Y %H:%M') as opened,
        made_sla,
        reopen_count,
        reassignment_count,
        priority
    from service_desk_incidents
)
select
    number,
    team_id,
    member_id,
    coalesce(cast(opened as varchar), opened_text) as opened_at,
    coalesce(cast(resolved as varchar), resolved_text) as resolved_at,
    made_sla,
    reopen_count,
    reassignment_count,
    priority,
    nullif(
        concat_ws(
            ', ',
            case when team_id is null then 'no assignment group' end,
            case when member_id is null then 'no resolver' end,
            case when resolved_text is null then 'no resolution time' end
        ),
        ''
    ) as set_aside_reason
from log
where (resolved >= :scan_start and resolved < :scan_end)
    or (resolved_text is not null and resolved is null)
    or (resolved_text is null and opened >= :period_start and opened < :period_end)
    or (resolved_text is null and opened is null)
