-- One row a member who was on a roster before the month was over. Who is hired later does not change an old month.
select member_id, member_name, email
from members
where member_id is null
    or exists (
        select 1
        from roster
        where roster.member_id = members.member_id
            and roster.valid_from < :period_end
    )
