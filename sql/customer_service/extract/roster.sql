-- One row a stay of a member on a team's roster that shares a day with the month, clipped to it: valid_from not before the
-- month, valid_to null where the stay goes on. So an old month stays as it was when somebody leaves later.
-- Days that are no dates are passed on as they are: they become faults.
select
    member_id,
    team_id,
    case
        when valid_from < :period_start and cast(valid_from as text) like '____-__-__%' then :period_start
        else valid_from
    end as valid_from,
    case
        when valid_to >= :period_end and cast(valid_to as text) like '____-__-__%' then null
        else valid_to
    end as valid_to
from roster
where (valid_from < :period_end and (valid_to > :period_start or valid_to is null))
    or valid_from is null
    or cast(valid_from as text) not like '____-__-__%'
    or cast(valid_to as text) not like '____-__-__%'
